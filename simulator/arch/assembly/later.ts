/**
 * Mnemonics of extensions that no PE here has: the assembler takes them, the machine says which extension is missing.
 * By extension, the names apart by spaces.
 */
export const laterMnemonics: Readonly<Record<string, string>> = {
  'the Scalable Vector Extension': `
    adclb adclt addhnb addhnt addpl addvl andv asrd asrr bdep bext bfcvtnt bgrp brka brkas brkb brkbs brkn brkns
    brkpa brkpas brkpb brkpbs bsl1n bsl2n cadd cdot clasta clastb cmla cmpeq cmpge cmpgt cmphi cmphs cmple cmplo
    cmpls cmplt cmpne cnot cntb cntd cnth cntp cntw compact ctermeq ctermne decb decd dech decp decw dupm eorbt
    eors eortb eorv facle faclt fadda faddv fcmne fcmuo fcpy fcvtlt fcvtnt fcvtx fcvtxnt fdivr fdup fexpa flogb fmad fmlalb
    fmlalt fmlslb fmlslt fmmla fmsb fnmad fnmla fnmls fnmsb fscale fsubr ftmad ftsmul ftssel histcnt histseg
    incb incd inch incp incw index insr lasta lastb ld1b ld1d ld1h ld1q ld1rb ld1rd ld1rh ld1rob ld1rod ld1roh
    ld1row ld1rqb ld1rqd ld1rqh ld1rqw ld1rsb ld1rsh ld1rsw ld1rw ld1sb ld1sh ld1sw ld1w ld2b ld2d ld2h ld2w
    ld3b ld3d ld3h ld3w ld4b ld4d ld4h ld4w ldff1b ldff1d ldff1h ldff1sb ldff1sh ldff1sw ldff1w ldnf1b ldnf1d
    ldnf1h ldnf1sb ldnf1sh ldnf1sw ldnf1w ldnt1b ldnt1d ldnt1h ldnt1sb ldnt1sh ldnt1sw ldnt1w lslr lsrr mad
    match movprfx movs msb nand nands nbsl nmatch nor nors nots orns orrs orv pfalse pfirst pmullb pmullt pnext
    prfb prfd prfh prfw psel ptest ptrue ptrues punpkhi punpklo raddhnb raddhnt rdffr rdffrs rdvl revb revd revh
    revw rshrnb rshrnt rsubhnb rsubhnt sabalb sabalt sabdlb sabdlt saddlb saddlbt saddlt saddv saddwb saddwt
    sbclb sbclt sclamp sdivr sel setffr shrnb shrnt shsubr smlalb smlalt smlslb smlslt smullb smullt splice
    sqcadd sqdecb sqdecd sqdech sqdecp sqdecw sqdmlalb sqdmlalbt sqdmlalt sqdmlslb sqdmlslbt sqdmlslt sqdmullb
    sqdmullt sqincb sqincd sqinch sqincp sqincw sqrdcmlah sqrshlr sqrshrnb sqrshrnt sqrshrunb sqrshrunt sqshlr
    sqshrnb sqshrnt sqshrunb sqshrunt sqsubr sqxtnb sqxtnt sqxtunb sqxtunt srshlr sshllb sshllt ssublb ssublbt
    ssublt ssubltb ssubwb ssubwt st1b st1d st1h st1q st1w st2b st2d st2h st2w st3b st3d st3h st3w st4b st4d st4h
    st4w stnt1b stnt1d stnt1h stnt1w subhnb subhnt subr sunpkhi sunpklo uabalb uabalt uabdlb uabdlt uaddlb
    uaddlt uaddv uaddwb uaddwt uclamp udivr uhsubr umlalb umlalt umlslb umlslt umullb umullt uqdecb uqdecd
    uqdech uqdecp uqdecw uqincb uqincd uqinch uqincp uqincw uqrshlr uqrshrnb uqrshrnt uqshlr uqshrnb uqshrnt
    uqsubr uqxtnb uqxtnt urshlr ushllb ushllt usublb usublt usubwb usubwt uunpkhi uunpklo whilege whilegt
    whilehi whilehs whilele whilelo whilels whilelt whilerw whilewr wrffr
  `,
  'the Memory Tagging Extension': `
    addg cmpp gmi irg ldg ldgm st2g stg stgm stgp stz2g stzg stzgm subg subp subps
  `,
  'the Scalable Matrix Extension': `
    addha addspl addsvl addva bfmopa bfmops fmopa fmops mova rdsvl smopa smops smstart smstop sumopa sumops
    umopa umops usmopa usmops
  `,
  'later hints and branches': `
    bc clearbhb dfb
  `,
  'the memory copy and set instructions': `
    cpy cpye cpyen cpyern cpyert cpyertn cpyertrn cpyertwn cpyet cpyetn cpyetrn cpyetwn cpyewn cpyewt cpyewtn
    cpyewtrn cpyewtwn cpyfe cpyfen cpyfern cpyfert cpyfertn cpyfertrn cpyfertwn cpyfet cpyfetn cpyfetrn cpyfetwn
    cpyfewn cpyfewt cpyfewtn cpyfewtrn cpyfewtwn cpyfm cpyfmn cpyfmrn cpyfmrt cpyfmrtn cpyfmrtrn cpyfmrtwn
    cpyfmt cpyfmtn cpyfmtrn cpyfmtwn cpyfmwn cpyfmwt cpyfmwtn cpyfmwtrn cpyfmwtwn cpyfp cpyfpn cpyfprn cpyfprt
    cpyfprtn cpyfprtrn cpyfprtwn cpyfpt cpyfptn cpyfptrn cpyfptwn cpyfpwn cpyfpwt cpyfpwtn cpyfpwtrn cpyfpwtwn
    cpym cpymn cpymrn cpymrt cpymrtn cpymrtrn cpymrtwn cpymt cpymtn cpymtrn cpymtwn cpymwn cpymwt cpymwtn
    cpymwtrn cpymwtwn cpyp cpypn cpyprn cpyprt cpyprtn cpyprtrn cpyprtwn cpypt cpyptn cpyptrn cpyptwn cpypwn
    cpypwt cpypwtn cpypwtrn cpypwtwn sete seten setet setetn setge setgen setget setgetn setgm setgmn setgmt
    setgmtn setgp setgpn setgpt setgptn setm setmn setmt setmtn setp setpn setpt setptn
  `,
  '64-byte atomic accesses': `
    ld64b st64b st64bv st64bv0
  `,
  'the Transactional Memory Extension': `
    tcancel tcommit tstart ttest
  `,
};

/** System registers of later extensions that come in families too long for rows: what their names look like. */
export const laterRegisterNames: readonly (readonly [pattern: RegExp, extension: string])[] = [
  [/^TRC[A-Z]+\d*$/, 'the trace unit'],
  [/^TRB[A-Z]+_EL1$/, 'the trace buffer'],
  [/^BRB[A-Z]+\d*_EL(1|12|2)$/, 'the branch record buffer'],
  [/^AM(CNTENCLR|CNTENSET|EVCNTR|EVTYPER|EVCNTVOFF|CG1IDR)\d*_EL[0-3]$/, 'the activity monitors'],
  [/^AMEVCNTVOFF\d+_EL2$/, 'the activity monitors'],
  [/^AMCG1IDR_EL0$/, 'the activity monitors'],
  [/^CSR(CR|IDR|PTR|PTRIDX)_EL(0|1|12|2)$/, 'call stack recording'],
  [/^ERX[A-Z0-9]+_EL1$/, 'the RAS extension'],
  [/^MPAM[A-Z0-9]+_EL(1|12|2|3)$/, 'memory partitioning'],
  [
    /^MPUIR_EL[12]$|^PR(BAR|LAR)\d*_EL[12]$|^PR(EN|SEL)R_EL[12]$|^VSCTLR_EL2$/,
    'the protected memory system of Armv8-R',
  ],
  [/^PMS[A-Z]+_EL(1|12|2)$/, 'the Statistical Profiling Extension'],
  [/^PM(CCNTSVR|EVCNTSVR\d+|ICNTR|ICFILTR|ICNTSVR|IAR|SSCR|ECR|UACR|ZR)_EL[01]$/, 'later performance monitors'],
  [
    /^(SCTLRMASK|CPACRMASK|TCRMASK|TCR2MASK|SCTLR2MASK|CPTRMASK|ACTLRMASK|ACTLRALIAS|SCTLRALIAS|CPACRALIAS|TCRALIAS|TCR2ALIAS|SCTLR2ALIAS)_EL(1|12|2)$/,
    'register masks',
  ],
  [
    /^(GCS[A-Z0-9]+|S2PIR|S2POR|POR|PIR|PIRE0|TCR2|SCTLR2|PFAR|MECID_\w+|VMECID_\w+|RCWMASK|RCWSMASK|D128|HCRMASK|ALLINT|TPMIN\d|TPMAX\d|TPIDR2|ACCDATA|SMPRI|SMCR|ZCR|FPMR|MDSELR|MDSTEPOP|SPMACCESSR|SPM[A-Z0-9]+|ID_AA64\w+|ID_\w+|HDBSS\w+|HACDBS\w+|FGWTE\d|FGDT\w+|NVHCR\w*|VNCCR|TLBIDIDR|AFSR[01]|LORID|STINDEX|TINDEX|DPOTBR[01]|DPOCR|TTTBRU|TTTBRP|LDSTT|IRTBRU|IRTBRP|BRBE\w+|GPCBW|GPTBR|GPCCR|MFAR|VDISR|VSESR|DISR)_EL(0|1|12|2|3)$/,
    'a later extension',
  ],
  [/^SPSR_(SVC|HYP)$|^TEECR32_EL1$|^TEEHBR32_EL1$/, 'AArch32 state'],
];

/** System instructions of later extensions: the mnemonic, its operations apart by spaces, the extension. */
export const laterSystemInstructions: readonly (readonly [string, string, string])[] = [
  [
    'dc',
    'cgdsw cgdvac cgdvadp cgdvap cgsw cgvac cgvadp cgvap cigdsw cigdvac cigsw cigvac gva gzva igdsw igdvac igsw igvac cgdvaoc civaoc cigdvaoc',
    'the Memory Tagging Extension',
  ],
  ['dc', 'cigdpapa cipapa cipae cigdpae', 'the Realm Management Extension'],
  ['tlbi', 'rpalos rpaos paall paallos', 'the Realm Management Extension'],
  ['at', 's1e1a s1e2a s1e3a', 'address translation that leaves the access flag'],
  ['cosp', 'rctx', 'prediction restriction of Armv8.9'],
];

/** Fields of PSTATE that MSR sets in later extensions. */
export const laterPstateFields: ReadonlySet<string> = new Set(['tco', 'allint', 'svcrsm', 'svcrza', 'svcrsmza', 'pm']);
