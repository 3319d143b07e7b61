import { render } from 'preact';
import { App } from './app.tsx';
import { beginTheme } from './ui/theme.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/controls.css';

beginTheme();
render(<App />, document.getElementById('app')!);
