// Sends one mail with nodemailer, over STARTTLS that it verifies and with a login. Prints the server's reply as JSON.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const nodemailer = createRequire(`${process.env.NODE_MODULES}/`)("nodemailer");
const [port, ca, user, pass, from, to] = process.argv.slice(2);

const transport = nodemailer.createTransport({
  host: "localhost",
  port: Number(port),
  requireTLS: true,
  tls: { ca: readFileSync(ca) },
  auth: { user, pass },
});
try {
  const sent = await transport.sendMail({
    from,
    to,
    subject: "Bitte bestätigen – ß",
    text: "Bitte öffnen: https://epa.example/b?token=a1b2c3&weg=mail",
    html: '<p>Bitte <a href="https://epa.example/b?token=a1b2c3&amp;weg=mail">öffnen</a>.</p>',
    attachments: [{ filename: "Übersicht.txt", content: "Grüße" }],
  });
  console.log(JSON.stringify({ response: sent.response, accepted: sent.accepted, rejected: sent.rejected }));
} catch (error) {
  console.log(JSON.stringify({ code: error.code, responseCode: error.responseCode, response: error.response }));
}
transport.close();
