// Reads mails with a client of Mailpit's API, and prints what it got as JSON.
import { createRequire } from "node:module";

const { MailpitClient } = createRequire(`${process.env.NODE_MODULES}/`)("mailpit-api");
const [url] = process.argv.slice(2);
const mailpit = new MailpitClient(url);

const found = await mailpit.waitForMessage({ query: "subject:bestätigen" }, { timeout: 2000, interval: 10 });
const list = await mailpit.listMessages(0, 10);
const attachment = await mailpit.getMessageAttachment(found.ID, found.Attachments[0].PartID);
const got = {
  subject: found.Subject,
  from: found.From,
  links: found.Links,
  total: list.messages_count,
  unread: list.unread,
  attachment: await attachment.text(),
  text: await mailpit.renderMessageText(),
  html: await mailpit.renderMessageHTML(),
  header: (await mailpit.getMessageHeaders(found.ID)).Subject,
  source: (await mailpit.getMessageSource(found.ID)).length,
  info: (await mailpit.getInfo()).Messages,
  tags: await mailpit.getTags(),
  marked: await mailpit.setReadStatus({ Read: false, IDs: [found.ID] }),
  deleted: await mailpit.deleteMessages({ IDs: [found.ID] }),
};
got.left = (await mailpit.listMessages()).total;
console.log(JSON.stringify(got));
