// The look of the report. harness/report/generator.py runs Allure with this file and fills the variables.
// A plain object on purpose: importing defineConfig would need allure beside whoever reads this.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const {
  PRUEFSTAND_REPORT_RESULTS: results,
  PRUEFSTAND_REPORT_TITLE: name,
  PRUEFSTAND_REPORT_LANGUAGE: reportLanguage,
  PRUEFSTAND_REPORT_HISTORY: historyPath,
} = process.env;

// Allure 3 takes categories from here only, and appends two English ones of its own, for everything failed and
// everything broken. Our catch-alls carry the ids of those two, so they are merged and keep our names.
const catchAll = { failed: "_product_errors_default_category", broken: "_test_errors_default_category" };
const file = join(results, "categories.json");
const rules = (existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : []).map((category) => {
  const { name, matchedStatuses = [], messageRegex } = category;
  const only = messageRegex === undefined && matchedStatuses.length === 1 ? catchAll[matchedStatuses[0]] : undefined;
  return only ? { ...category, id: only } : { ...category, id: name };
});

export default {
  name,
  categories: { rules },
  ...(historyPath ? { historyPath, appendHistory: true, historyLimit: 50 } : {}),
  plugins: {
    awesome: {
      options: {
        reportLanguage,
        theme: "light",
        singleFile: true,
        groupBy: ["epic", "feature", "story"],
        stepTreeExpansion: "expand_failed_only",
      },
    },
  },
};
