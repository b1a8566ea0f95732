// The page begins here: the shell, which loads the view that the URL names.
import './lib/theme.js';
import './components/app.js';
