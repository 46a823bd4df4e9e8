"use strict";
// Prints the ATR of the card in the reader named first, then the response to each command that follows, in hex.
const pcsclite = require("@pokusew/pcsclite");

const [name, ...commands] = process.argv.slice(2);
const hex = (octets) => octets.toString("hex").toUpperCase();
const fail = (error) => {
  console.error(error);
  process.exit(1);
};
const service = pcsclite();

service.on("error", fail);
service.on("reader", (reader) => {
  if (reader.name !== name) return;
  reader.on("error", fail);
  reader.once("status", (status) => {
    console.log(hex(status.atr));
    reader.connect({ share_mode: reader.SCARD_SHARE_SHARED }, (refused, protocol) => {
      if (refused) fail(refused);
      const next = ([command, ...rest]) => {
        if (command === undefined) process.exit(0);
        reader.transmit(Buffer.from(command, "hex"), 65538, protocol, (lost, response) => {
          if (lost) fail(lost);
          console.log(hex(response));
          next(rest);
        });
      };
      next(commands);
    });
  });
});
