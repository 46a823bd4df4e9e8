"""The insurer's two apps, the Barmer app and the eCare app, and a practice's terminal."""
