// Takes the pictures of the README in the real workbench: docs/images/*.png.
import { pack } from './package.mjs';
import {
  build,
  fail,
  installDebianPackages,
  installDependencies,
  installWorkbench,
  run,
  workbenchNode,
} from './setup.mjs';

try {
  installDependencies();
  installDebianPackages('window');
  installWorkbench();
  build();
  pack();
  run(workbenchNode, ['test/vscode/screenshots.ts']);
} catch (error) {
  fail(error);
}
