"""An ident provider: partner API, user's side, webhooks. The contract `ident/v1` is ours, nobody's product."""
