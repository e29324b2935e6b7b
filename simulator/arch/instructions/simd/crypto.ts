/** The cryptographic instructions. Source: Arm ARM C4.1.96, "Cryptographic AES" and the groups after it. */

import type { InstructionRow } from '../row.ts';
import { table } from './text.ts';

// Mnemonic, feature, bits, operands (d, n, m, a stand for register numbers), meaning.
export const cryptoRows: readonly InstructionRow[] = table(
  4,
  `
  AESE      FEAT_AES    01001110_00_10100_00100_10_Rn:5_Rd:5          v$d.16b,v$n.16b          Encrypts by one AES round, without mixing columns.
  AESD      FEAT_AES    01001110_00_10100_00101_10_Rn:5_Rd:5          v$d.16b,v$n.16b          Decrypts by one AES round, without mixing columns.
  AESMC     FEAT_AES    01001110_00_10100_00110_10_Rn:5_Rd:5          v$d.16b,v$n.16b          Mixes the columns of an AES state.
  AESIMC    FEAT_AES    01001110_00_10100_00111_10_Rn:5_Rd:5          v$d.16b,v$n.16b          Mixes the columns of an AES state inversely.
  SHA1C     FEAT_SHA1   01011110_000_Rm:5_0_000_00_Rn:5_Rd:5          q$d,s$n,v$m.4s           Makes four rounds of SHA1, choose.
  SHA1P     FEAT_SHA1   01011110_000_Rm:5_0_001_00_Rn:5_Rd:5          q$d,s$n,v$m.4s           Makes four rounds of SHA1, parity.
  SHA1M     FEAT_SHA1   01011110_000_Rm:5_0_010_00_Rn:5_Rd:5          q$d,s$n,v$m.4s           Makes four rounds of SHA1, majority.
  SHA1SU0   FEAT_SHA1   01011110_000_Rm:5_0_011_00_Rn:5_Rd:5          v$d.4s,v$n.4s,v$m.4s     Updates the SHA1 schedule, first part.
  SHA256H   FEAT_SHA256 01011110_000_Rm:5_0_100_00_Rn:5_Rd:5          q$d,q$n,v$m.4s           Makes four rounds of SHA256, first half of the state.
  SHA256H2  FEAT_SHA256 01011110_000_Rm:5_0_101_00_Rn:5_Rd:5          q$d,q$n,v$m.4s           Makes four rounds of SHA256, second half of the state.
  SHA256SU1 FEAT_SHA256 01011110_000_Rm:5_0_110_00_Rn:5_Rd:5          v$d.4s,v$n.4s,v$m.4s     Updates the SHA256 schedule, second part.
  SHA1H     FEAT_SHA1   01011110_00_10100_00000_10_Rn:5_Rd:5          s$d,s$n                  Rotates left by 30 for SHA1.
  SHA1SU1   FEAT_SHA1   01011110_00_10100_00001_10_Rn:5_Rd:5          v$d.4s,v$n.4s            Updates the SHA1 schedule, second part.
  SHA256SU0 FEAT_SHA256 01011110_00_10100_00010_10_Rn:5_Rd:5          v$d.4s,v$n.4s            Updates the SHA256 schedule, first part.
  SHA512H   FEAT_SHA512 11001110_011_Rm:5_1_0_00_00_Rn:5_Rd:5         q$d,q$n,v$m.2d           Makes two rounds of SHA512, first part.
  SHA512H2  FEAT_SHA512 11001110_011_Rm:5_1_0_00_01_Rn:5_Rd:5         q$d,q$n,v$m.2d           Makes two rounds of SHA512, second part.
  SHA512SU1 FEAT_SHA512 11001110_011_Rm:5_1_0_00_10_Rn:5_Rd:5         v$d.2d,v$n.2d,v$m.2d     Updates the SHA512 schedule, second part.
  SHA512SU0 FEAT_SHA512 11001110_110_00000_1_0_00_00_Rn:5_Rd:5        v$d.2d,v$n.2d            Updates the SHA512 schedule, first part.
  RAX1      FEAT_SHA3   11001110_011_Rm:5_1_0_00_11_Rn:5_Rd:5         v$d.2d,v$n.2d,v$m.2d     Rotates the second operand left by 1 and exclusive-ors.
  EOR3      FEAT_SHA3   11001110_000_Rm:5_0_Ra:5_Rn:5_Rd:5            v$d.16b,v$n.16b,v$m.16b,v$a.16b Exclusive-ors three registers.
  BCAX      FEAT_SHA3   11001110_001_Rm:5_0_Ra:5_Rn:5_Rd:5            v$d.16b,v$n.16b,v$m.16b,v$a.16b Clears bits and exclusive-ors.
  XAR       FEAT_SHA3   11001110_100_Rm:5_imm6:6_Rn:5_Rd:5            v$d.2d,v$n.2d,v$m.2d,#$i Exclusive-ors and rotates right.
  SM3SS1    FEAT_SM3    11001110_010_Rm:5_0_Ra:5_Rn:5_Rd:5            v$d.4s,v$n.4s,v$m.4s,v$a.4s Computes SS1 of SM3.
  SM3TT1A   FEAT_SM3    11001110_010_Rm:5_10_imm2:2_00_Rn:5_Rd:5      v$d.4s,v$n.4s,v$m.s[$j]  Computes TT1 of SM3, rounds 0 to 15.
  SM3TT1B   FEAT_SM3    11001110_010_Rm:5_10_imm2:2_01_Rn:5_Rd:5      v$d.4s,v$n.4s,v$m.s[$j]  Computes TT1 of SM3, rounds 16 to 63.
  SM3TT2A   FEAT_SM3    11001110_010_Rm:5_10_imm2:2_10_Rn:5_Rd:5      v$d.4s,v$n.4s,v$m.s[$j]  Computes TT2 of SM3, rounds 0 to 15.
  SM3TT2B   FEAT_SM3    11001110_010_Rm:5_10_imm2:2_11_Rn:5_Rd:5      v$d.4s,v$n.4s,v$m.s[$j]  Computes TT2 of SM3, rounds 16 to 63.
  SM3PARTW1 FEAT_SM3    11001110_011_Rm:5_1_1_00_00_Rn:5_Rd:5         v$d.4s,v$n.4s,v$m.4s     Expands the message of SM3, first part.
  SM3PARTW2 FEAT_SM3    11001110_011_Rm:5_1_1_00_01_Rn:5_Rd:5         v$d.4s,v$n.4s,v$m.4s     Expands the message of SM3, second part.
  SM4EKEY   FEAT_SM4    11001110_011_Rm:5_1_1_00_10_Rn:5_Rd:5         v$d.4s,v$n.4s,v$m.4s     Makes four round keys of SM4.
  SM4E      FEAT_SM4    11001110_110_00000_1_0_00_01_Rn:5_Rd:5        v$d.4s,v$n.4s            Encrypts by four rounds of SM4.
`,
).map(([name, feature, bits, operands, does]) => ({
  id: name,
  bits: bits.replaceAll('_', ' '),
  feature,
  asm: f => {
    const values: Record<string, number> = { d: f.Rd, n: f.Rn, m: f.Rm, a: f.Ra, i: f.imm6, j: f.imm2 };
    const text = operands.replace(/\$([a-z])/g, (_, key: string) => String(values[key]));
    return `${name.toLowerCase()} ${text.replaceAll(',', ', ')}`;
  },
  does,
}));
