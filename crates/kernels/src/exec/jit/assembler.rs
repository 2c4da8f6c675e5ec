//! x86-64 vector instructions, as bytes (Intel's manual, volume 2; VEX for AVX2, EVEX for AVX-512).

use corepy_core::registry::Instruction;

use super::Float;

/// The width of vectors, and with it the encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Vectors {
    /// 256 bits: 16 registers, VEX.
    Avx2,
    /// 512 bits: 32 registers, EVEX.
    Avx512,
}

impl Vectors {
    pub(super) fn bytes(self) -> usize {
        match self {
            Vectors::Avx2 => 32,
            Vectors::Avx512 => 64,
        }
    }
    pub(super) fn registers(self) -> usize {
        match self {
            Vectors::Avx2 => 16,
            Vectors::Avx512 => 32,
        }
    }
}

/// A general register, by its number in the encoding.
pub(super) type General = u8;

pub(super) const RDX: General = 2;
pub(super) const RBX: General = 3;
pub(super) const RSP: General = 4;
pub(super) const RBP: General = 5;
pub(super) const RSI: General = 6;
pub(super) const RDI: General = 7;
/// For addresses that are needed once.
pub(super) const SCRATCH: General = 11;
pub(super) const R12: General = 12;
pub(super) const R13: General = 13;
/// The registers for addresses: rax rcx r8 r9 r10, then those that the caller wants back: rbx r12 r14 r15. Neither rbp
/// nor r13, which cannot be the base of an address without displacement.
pub(super) const ADDRESSES: [General; 9] = [0, 1, 8, 9, 10, 3, 12, 14, 15];
/// How many of them the caller does not want back.
pub(super) const VOLATILE: usize = 5;

/// The opcode maps: 0F, 0F 38 and 0F 3A.
const MAP_0F: u8 = 1;
const MAP_0F38: u8 = 2;
const MAP_0F3A: u8 = 3;

/// The last operand of a vector instruction.
#[derive(Clone, Copy)]
pub(super) enum Operand {
    Register(u8),
    /// `[base]`.
    Base(General),
    /// `[base + rdi + vector * n]`.
    Indexed(General, u8),
    /// `[base + vector * n]`.
    Displaced(General, u8),
    /// `[rsp + vector * n]`.
    Frame(usize),
}

/// Machine code in the making.
pub(super) struct Assembler {
    pub(super) code: Vec<u8>,
    vectors: Vectors,
    pub(super) float: Float,
    /// Whether loads and stores of elements are of those in k1 only; AVX-512 has that.
    pub(super) is_masked: bool,
    /// The mask and what becomes of other lanes, for the next instruction.
    mask: u8,
}

/// k1, which leaves other lanes of memory alone.
const MASK: u8 = 1;
/// k1, which clears other lanes of a register.
const MASK_AND_CLEAR: u8 = 0x81;

impl Assembler {
    pub(super) fn new(vectors: Vectors, float: Float) -> Assembler {
        Assembler { code: Vec::new(), vectors, float, is_masked: false, mask: 0 }
    }

    /// A vector instruction. `first` is the operand in vvvv, if there is one; `wide` is W; `prefix` is
    /// pp: 0 for none, 1 for 66.
    #[expect(clippy::too_many_arguments, reason = "the fields of an encoding")]
    fn vector(&mut self, map: u8, opcode: u8, prefix: u8, wide: bool, reg: u8, first: Option<u8>, last: Operand) {
        let (rm, index_high) = match last {
            Operand::Register(register) => (register, register >> 4 & 1),
            Operand::Base(base) | Operand::Indexed(base, _) | Operand::Displaced(base, _) => (base, 0),
            Operand::Frame(_) => (RSP, 0),
        };
        let vvvv = first.unwrap_or(0);
        let inverted = |bit: u8| 1 - (bit & 1);
        let (r, b) = (inverted(reg >> 3), inverted(rm >> 3));
        let w = u8::from(wide);
        match self.vectors {
            Vectors::Avx512 => {
                let p0 = r << 7 | inverted(index_high) << 6 | b << 5 | inverted(reg >> 4) << 4 | map;
                let p1 = w << 7 | (!vvvv & 15) << 3 | 1 << 2 | prefix;
                let p2 = self.mask | 2 << 5 | inverted(vvvv >> 4) << 3;
                self.code.extend([0x62, p0, p1, p2]);
            }
            Vectors::Avx2 => {
                self.code.extend([0xC4, r << 7 | 1 << 6 | b << 5 | map, w << 7 | (!vvvv & 15) << 3 | 1 << 2 | prefix]);
            }
        }
        self.code.push(opcode);
        let reg = (reg & 7) << 3;
        match last {
            Operand::Register(register) => self.code.push(0xC0 | reg | register & 7),
            // The base of r12 takes an index byte too.
            Operand::Base(base) if base & 7 == 4 => self.code.extend([reg | 4, 0x24]),
            Operand::Base(base) => self.code.push(reg | base & 7),
            Operand::Indexed(base, 0) => self.code.extend([reg | 4, RDI << 3 | base & 7]),
            Operand::Indexed(base, n) => self.displaced(reg, RDI << 3 | base & 7, n),
            // Index 4 is none.
            Operand::Displaced(base, n) => self.displaced(reg, 4 << 3 | base & 7, n),
            Operand::Frame(n) => {
                self.code.extend([0x80 | reg | 4, RSP << 3 | RSP]);
                self.code.extend(((n * self.vectors.bytes()) as u32).to_le_bytes());
            }
        }
    }

    /// The bytes of an address with an index byte, `n` vectors further.
    fn displaced(&mut self, reg: u8, index: u8, n: u8) {
        let bytes = u32::from(n) * self.vectors.bytes() as u32;
        // EVEX counts displacements of one byte in vectors.
        let short = if self.vectors == Vectors::Avx512 { u32::from(n) } else { bytes };
        if short < 128 {
            self.code.extend([0x40 | reg | 4, index, short as u8]);
        } else {
            self.code.extend([0x80 | reg | 4, index]);
            self.code.extend(bytes.to_le_bytes());
        }
    }

    fn is_double(&self) -> bool {
        self.float == Float::F64
    }

    /// An instruction of floating-point vectors in map 0F.
    fn float(&mut self, opcode: u8, reg: u8, first: Option<u8>, last: Operand) {
        let double = self.is_double();
        // VEX ignores W here, and compilers leave it 0.
        let wide = double && self.vectors == Vectors::Avx512;
        self.vector(MAP_0F, opcode, u8::from(double), wide, reg, first, last);
    }

    /// `reg = [base + rdi + vector * n]`.
    pub(super) fn load(&mut self, reg: u8, base: General, n: u8) {
        self.mask = if self.is_masked { MASK_AND_CLEAR } else { 0 };
        self.float(0x10, reg, None, Operand::Indexed(base, n));
        self.mask = 0;
    }

    /// `[base + rdi + vector * n] = reg`, past the caches if it `streams`.
    pub(super) fn store(&mut self, reg: u8, base: General, n: u8, streams: bool) {
        self.mask = if self.is_masked { MASK } else { 0 };
        self.float(if streams { 0x2B } else { 0x11 }, reg, None, Operand::Indexed(base, n));
        self.mask = 0;
    }

    /// k1 = the lowest bits of `rsi`.
    pub(super) fn set_mask(&mut self) {
        self.code.extend([0xC5, 0xF8, 0x92, 0xCE]);
    }

    /// `[base + vector * n] = reg`.
    pub(super) fn store_at(&mut self, reg: u8, base: General, n: u8) {
        self.float(0x11, reg, None, Operand::Displaced(base, n));
    }

    /// `reg` = the number at `[base]` in every lane.
    pub(super) fn broadcast(&mut self, reg: u8, base: General) {
        let double = self.is_double();
        let wide = double && self.vectors == Vectors::Avx512;
        self.vector(MAP_0F38, if double { 0x19 } else { 0x18 }, 1, wide, reg, None, Operand::Base(base));
    }

    /// `reg = operand`.
    pub(super) fn copy(&mut self, reg: u8, operand: Operand) {
        self.float(0x10, reg, None, operand);
    }

    /// `[rsp + vector * n] = reg`.
    pub(super) fn spill(&mut self, reg: u8, n: usize) {
        self.float(0x11, reg, None, Operand::Frame(n));
    }

    /// `reg = a op b`; unary operations take `a`, and `b` for a constant that they need.
    pub(super) fn arithmetic(&mut self, instruction: Instruction, reg: u8, a: u8, b: Operand) {
        match instruction {
            Instruction::Add => self.float(0x58, reg, Some(a), b),
            Instruction::Multiply => self.float(0x59, reg, Some(a), b),
            Instruction::Subtract => self.float(0x5C, reg, Some(a), b),
            Instruction::Divide => self.float(0x5E, reg, Some(a), b),
            Instruction::Square => self.float(0x59, reg, Some(a), Operand::Register(a)),
            Instruction::Sqrt => self.float(0x51, reg, None, Operand::Register(a)),
            // vandps and vxorps (AVX-512 has them in DQ).
            Instruction::Abs => self.float(0x54, reg, Some(a), b),
            Instruction::Negative => self.float(0x57, reg, Some(a), b),
        }
    }

    /// `reg` = the float32 in the lower half of `from`, as float64.
    pub(super) fn widen(&mut self, reg: u8, from: u8) {
        self.vector(MAP_0F, 0x5A, 0, false, reg, None, Operand::Register(from));
    }

    /// The lower half of `reg` = the upper half of `from`.
    pub(super) fn upper_half(&mut self, reg: u8, from: u8) {
        let opcode = match self.vectors {
            Vectors::Avx2 => 0x19,
            Vectors::Avx512 => 0x1B,
        };
        self.vector(MAP_0F3A, opcode, 1, false, from, None, Operand::Register(reg));
        self.code.push(1);
    }

    /// `reg += a * b`, rounded once, in float64.
    pub(super) fn multiply_add(&mut self, reg: u8, a: u8, b: u8) {
        self.vector(MAP_0F38, 0xB8, 1, true, reg, Some(a), Operand::Register(b));
    }

    /// `register = from + bytes`.
    pub(super) fn offset(&mut self, register: General, from: General, bytes: usize) {
        self.copy_general(register, from);
        self.advance(register, bytes);
    }

    /// `register += bytes`.
    pub(super) fn advance(&mut self, register: General, bytes: usize) {
        self.code.extend([0x48 | register >> 3, 0x81, 0xC0 | register & 7]);
        self.code.extend((bytes as u32).to_le_bytes());
    }

    /// Calls the function at `address`.
    pub(super) fn call(&mut self, address: usize) {
        // mov rax, address; call rax
        self.code.extend([0x48, 0xB8]);
        self.code.extend((address as u64).to_le_bytes());
        self.code.extend([0xFF, 0xD0]);
    }

    /// An instruction of two general registers, in 64 bits.
    fn general(&mut self, opcode: u8, reg: General, rm: General) {
        self.code.extend([0x48 | reg >> 3 << 2 | rm >> 3, opcode, 0xC0 | (reg & 7) << 3 | rm & 7]);
    }

    /// `to = from`.
    pub(super) fn copy_general(&mut self, to: General, from: General) {
        self.general(0x89, from, to);
    }

    /// Makes room on the stack for `vectors` vectors, aligned to one. `rbp` keeps the stack's address.
    pub(super) fn enter(&mut self, vectors: usize) {
        self.copy_general(RBP, RSP);
        let bytes = self.vectors.bytes();
        // sub rsp, imm32; and rsp, imm32
        self.code.extend([0x48, 0x81, 0xEC]);
        self.code.extend(((vectors * bytes) as u32).to_le_bytes());
        self.code.extend([0x48, 0x81, 0xE4]);
        self.code.extend((-(bytes as i32)).to_le_bytes());
    }

    /// Gives that room back.
    pub(super) fn leave(&mut self) {
        self.copy_general(RSP, RBP);
    }

    /// `register = [table + 8 * n]`; `table` is one of the first eight but rsp.
    pub(super) fn load_address(&mut self, register: General, table: General, n: usize) {
        let rex = 0x48 | u8::from(register >= 8) << 2;
        self.code.extend([rex, 0x8B, 0x80 | (register & 7) << 3 | table]);
        self.code.extend(((8 * n) as u32).to_le_bytes());
    }

    pub(super) fn push(&mut self, register: General) {
        if register >= 8 {
            self.code.push(0x41);
        }
        self.code.push(0x50 | register & 7);
    }

    pub(super) fn pop(&mut self, register: General) {
        if register >= 8 {
            self.code.push(0x41);
        }
        self.code.push(0x58 | register & 7);
    }

    /// `register = 0`.
    pub(super) fn clear(&mut self, register: General) {
        self.general(0x31, register, register);
    }

    /// Runs `body`, after each turn of which `index` moves on by `bytes`, while `index < end`.
    pub(super) fn while_below(
        &mut self,
        index: General,
        end: General,
        bytes: usize,
        body: impl FnOnce(&mut Assembler),
    ) {
        // cmp index, end; jae past
        self.general(0x39, end, index);
        self.code.extend([0x0F, 0x83, 0, 0, 0, 0]);
        let jump = self.code.len();
        let start = self.code.len();
        body(self);
        if bytes > 0 {
            self.advance(index, bytes);
        }
        // cmp index, end; jb start
        self.general(0x39, end, index);
        self.code.extend([0x0F, 0x82]);
        let back = start as i32 - (self.code.len() as i32 + 4);
        self.code.extend(back.to_le_bytes());
        let past = (self.code.len() - jump) as u32;
        self.code[jump - 4..jump].copy_from_slice(&past.to_le_bytes());
    }

    /// `vzeroupper; ret`.
    pub(super) fn finish(&mut self) {
        self.code.extend([0xC5, 0xF8, 0x77, 0xC3]);
    }
}
