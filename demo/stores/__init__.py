"""One stand-in store per platform: WSGI applications that keep their own orders, stock and webhooks."""
