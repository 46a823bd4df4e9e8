"""Text messages: a gateway with a REST surface in the shape of Twilio's, and the handsets that receive them."""
