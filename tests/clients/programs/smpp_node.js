// npm's smpp sends a short text, asks for a receipt, enquires and unbinds; prints what it saw as JSON.
const smpp = require("smpp");

const given = JSON.parse(process.argv[2]);
const seen = { answers: [], receipts: [] };
const session = smpp.connect({ url: `smpp://${given.host}:${given.port}` }, () => {
  session.bind_transceiver({ system_id: given.system_id, password: given.password }, (bound) => {
    seen.bind = bound.command_status;
    session.submit_sm(
      {
        source_addr_ton: 5, source_addr: "Musterkasse", dest_addr_ton: 1, dest_addr_npi: 1,
        destination_addr: given.to,
        data_coding: 0, // left to itself it says 1 (ASCII) of octets in the GSM alphabet, and an ü arrives as ~
        short_message: given.text, registered_delivery: 1,
      },
      (answer) => seen.answers.push(answer.message_id),
    );
  });
});
session.on("deliver_sm", (pdu) => {
  session.send(pdu.response());
  seen.receipts.push({ text: pdu.short_message.message, id: pdu.receipted_message_id, state: pdu.message_state });
  session.enquire_link({}, (alive) => {
    seen.enquire_link = alive.command_status;
    session.unbind({}, (end) => {
      seen.unbind = end.command_status;
      session.close(() => console.log(JSON.stringify(seen)));
    });
  });
});
session.on("error", (error) => {
  console.error(error);
  process.exit(1);
});
