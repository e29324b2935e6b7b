// The compiled core. Every module's public functions are exported from here.

export { beforeHostWrite, fetch, loadSlow, mayInvalidate, storeSlow } from './access';
export { accessEntry, accessTablesChanged, dropAccessTables, enterAccessTable } from './access-tables';
export { branchedIndirectly } from './branch-targets';
export {
  exceptionReturn,
  fpTrapped,
  hvc,
  interruptCheck,
  pstateImmediate,
  selectStackPointer,
  smc,
  svc,
  systemRegister,
  systemRegisterWithin,
} from './calls';
export {
  activatePe,
  contextAsid,
  contextHash,
  contextPe,
  contextPrivileged,
  contextRegime,
  contextsChanged,
  contextVmid,
  currentAsid,
  currentVmid,
  enterState,
  flushAll,
  isLive,
} from './context';
export { countLevel } from './counters';
export { debugChanged, stepState, takeBreakpoint, takeStep } from './debug';
export {
  defaultTarget,
  eret,
  interruptStatus,
  pendingInterrupt,
  readPstate,
  returnTo,
  switchStackPointer,
  takeAbort,
  takeException,
  takeInterrupt,
} from './exceptions';
export * from './fp-simd';
export { crc32, crc32c } from './integer';
export { addUpEvents, observe } from './observe';
export { pacAdd, pacAllowed, pacAuthenticate, pacGeneric, pacStrip, pacVerify } from './pointer-authentication';
export { stackAligned, stackPointerMoved } from './stack-pointer';
export { readFlags, regimeOf, writeFlags } from './state';
export { dropAllTags, dropAllWriteTags, dropPageTags, dropWriteTags } from './tlb';
export { tlbiAsid, tlbiIpa, tlbiRange, tlbiRegime, tlbiVa, tlbiVmid } from './tlbi';
export { translate, translateIpa } from './translate';
