// The language server as a Node program, which the client starts and speaks to over its standard streams or IPC.

import { createConnection, ProposedFeatures } from 'vscode-languageserver/node';
import { serve } from './server.ts';

serve(createConnection(ProposedFeatures.all));
