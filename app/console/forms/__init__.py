"""The console's forms: one file a page. Its template shows the form, its view checks it."""
