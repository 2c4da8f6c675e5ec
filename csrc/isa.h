// Every translation unit of csrc/ is compiled once per instruction set. COREPY_NS names the
// instruction set's namespace (corepy_baseline, corepy_avx2, ...); the anonymous namespace inside
// it gives internal linkage, so that the linker can never merge an AVX-512 copy of an inline
// function into the baseline (the ODR trap).
#pragma once

#ifndef COREPY_NS
#error "COREPY_NS must be defined: crates/kernels/build/ names the instruction set"
#endif

#define COREPY_BEGIN    \
  namespace COREPY_NS { \
  namespace {

#define COREPY_END \
  }                \
  }

#define COREPY_NOINLINE __attribute__((noinline))
#define COREPY_INLINE inline __attribute__((always_inline))

// A loop over a lambda that is not inlined does not vectorise, and GCC stops inlining one that is
// called from several loops.
#define COREPY_INLINE_LAMBDA __attribute__((always_inline))
