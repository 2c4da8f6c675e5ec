// Masks: counting, positions, compressing and expanding by them, 64 booleans at a time as the bits of
// a word. Elements are moved by size, whatever their dtype.
#pragma once
#include <cstddef>

#include "copy.h"
#include "loops.h"
#include "types.h"

extern "C" {
// How many of n booleans are true.
typedef size_t (*CorepyCount)(const void* mask, size_t n);
// Writes `first` plus the position of each true boolean; `room` is how many are true.
typedef void (*CorepyPositions)(const void* mask, size_t n, int64_t first, int64_t* out, size_t room);
// Divides ascending numbers by `size`, in place; the remainders go to `rest`.
typedef void (*CorepyUnravel)(int64_t* numbers, size_t n, int64_t size, int64_t* rest);
// Copies the elements at true booleans to adjacent places, or back from there; `room` is how many
// are true. Should another thread have changed the mask meanwhile, nothing beyond `room` is touched.
typedef void (*CorepyCompress)(const void* mask, size_t n, const void* src, void* out, size_t room);
}

COREPY_BEGIN

// Bit i is boolean i of at most 64; any byte but 0 is true.
COREPY_INLINE uint64_t mask_word(const uint8_t* mask, size_t n) {
  if (n == 64) {
#if defined(__AVX512BW__)
    const __m512i bytes = _mm512_loadu_si512(mask);
    return _mm512_test_epi8_mask(bytes, bytes);
#elif defined(__AVX2__)
    const __m256i zero = _mm256_setzero_si256();
    const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(mask));
    const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(mask + 32));
    const uint32_t a = static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, zero)));
    const uint32_t b = static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, zero)));
    return ~(static_cast<uint64_t>(b) << 32 | a);
#elif defined(__x86_64__)
    uint64_t word = 0;
    for (int part = 0; part < 4; ++part) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(mask + 16 * part));
      const int zeros = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_setzero_si128()));
      word |= static_cast<uint64_t>(~zeros & 0xffff) << (16 * part);
    }
    return word;
#endif
  }
  uint64_t word = 0;
  for (size_t i = 0; i < n; ++i) word |= static_cast<uint64_t>(mask[i] != 0) << i;
  return word;
}

// Calls `body(first, length, word)` for each word of the mask.
template <class Body>
COREPY_INLINE void each_word(const void* mask, size_t n, Body body) {
  const uint8_t* m = static_cast<const uint8_t*>(mask);
  size_t i = 0;
  for (; i + 64 <= n; i += 64) body(i, size_t{64}, mask_word(m + i, 64));
  if (i < n) body(i, n - i, mask_word(m + i, n - i));
}

COREPY_INLINE size_t bits_of(uint64_t word) { return static_cast<size_t>(__builtin_popcountll(word)); }

// Calls `body(bit)` for each bit that is set, the lowest first.
template <class Body>
COREPY_INLINE void each_bit(uint64_t word, Body body) {
  for (; word; word &= word - 1) body(static_cast<size_t>(__builtin_ctzll(word)));
}

inline size_t mask_count(const void* mask, size_t n) {
  size_t count = 0;
#if defined(__POPCNT__) || !defined(__x86_64__)
  each_word(mask, n, [&](size_t, size_t, uint64_t word) COREPY_INLINE_LAMBDA { count += bits_of(word); });
#else
  // Without an instruction for it, adding bytes is faster than counting bits.
  const uint8_t* m = static_cast<const uint8_t*>(mask);
  for (size_t i = 0; i < n; ++i) count += m[i] != 0;
#endif
  return count;
}

// Bits up to which a word is taken bit by bit rather than element by element.
constexpr size_t kSparse = 12;

inline void mask_positions(const void* mask, size_t n, int64_t first, int64_t* out, size_t room) {
  size_t k = 0;
  each_word(mask, n, [&](size_t i, size_t, uint64_t word) COREPY_INLINE_LAMBDA {
    const int64_t start = first + static_cast<int64_t>(i);
    const size_t count = bits_of(word);
    // Beyond `room` there is nothing to write to; far from it, the stores below need not look.
    if (count <= kSparse || room - k < 64) {
      each_bit(word, [&](size_t bit) COREPY_INLINE_LAMBDA {
        if (k < room) out[k++] = start + static_cast<int64_t>(bit);
      });
      return;
    }
#if defined(__AVX512F__)
    __m512i places = _mm512_add_epi64(_mm512_set1_epi64(start), _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7));
    for (int part = 0; part < 8; ++part) {
      const __mmask8 chosen = static_cast<__mmask8>(word >> (8 * part));
      _mm512_storeu_si512(out + k, _mm512_maskz_compress_epi64(chosen, places));
      k += bits_of(chosen);
      places = _mm512_add_epi64(places, _mm512_set1_epi64(8));
    }
#else
    for (size_t bit = 0; bit < 64; ++bit) {
      out[k] = start + static_cast<int64_t>(bit);
      k += word >> bit & 1;
    }
#endif
  });
}

inline void unravel(int64_t* numbers, size_t n, int64_t size, int64_t* rest) {
  // The quotient and the number at which the next one begins: a division only where it changes.
  int64_t quotient = 0, start = 0;
  for (size_t i = 0; i < n; ++i) {
    int64_t left = numbers[i] - start;
    if (left >= size) {
      const int64_t more = left / size;
      quotient += more;
      start += more * size;
      left -= more * size;
    }
    numbers[i] = quotient;
    rest[i] = left;
  }
}

template <class T>
void compress_run(const void* mask, size_t n, const void* src, void* out, size_t room) {
  const T* x = static_cast<const T*>(src);
  T* y = static_cast<T*>(out);
  size_t k = 0;
  each_word(mask, n, [&](size_t i, size_t, uint64_t word) COREPY_INLINE_LAMBDA {
    const T* s = x + i;
    const size_t count = bits_of(word);
    if (count <= kSparse || room - k < 64) {
      each_bit(word, [&](size_t bit) COREPY_INLINE_LAMBDA {
        if (k < room) y[k++] = s[bit];
      });
      return;
    }
    if (count == 64) {
      __builtin_memcpy(y + k, s, 64 * sizeof(T));
      k += 64;
      return;
    }
#if defined(__AVX512F__)
    if constexpr (sizeof(T) == 8) {
      for (int part = 0; part < 8; ++part) {
        const __mmask8 chosen = static_cast<__mmask8>(word >> (8 * part));
        _mm512_storeu_si512(y + k, _mm512_maskz_compress_epi64(chosen, _mm512_loadu_si512(s + 8 * part)));
        k += bits_of(chosen);
      }
      return;
    } else if constexpr (sizeof(T) == 4) {
      for (int part = 0; part < 4; ++part) {
        const __mmask16 chosen = static_cast<__mmask16>(word >> (16 * part));
        _mm512_storeu_si512(y + k, _mm512_maskz_compress_epi32(chosen, _mm512_loadu_si512(s + 16 * part)));
        k += bits_of(chosen);
      }
      return;
    }
#endif
    // Without branches, which random masks would mispredict.
    for (size_t bit = 0; bit < 64; ++bit) {
      y[k] = s[bit];
      k += word >> bit & 1;
    }
  });
}

template <class T>
void expand_run(const void* mask, size_t n, const void* src, void* out, size_t room) {
  const T* x = static_cast<const T*>(src);
  T* y = static_cast<T*>(out);
  size_t k = 0;
  each_word(mask, n, [&](size_t i, size_t length, uint64_t word) COREPY_INLINE_LAMBDA {
    const bool whole = length == 64 && bits_of(word) <= room - k;
#if defined(__AVX512F__)
    if constexpr (sizeof(T) == 8) {
      for (size_t part = 0; whole && part < 8; ++part) {
        const __mmask8 chosen = static_cast<__mmask8>(word >> (8 * part));
        _mm512_mask_storeu_epi64(y + i + 8 * part, chosen, _mm512_maskz_expandloadu_epi64(chosen, x + k));
        k += bits_of(chosen);
      }
      if (whole) return;
    } else if constexpr (sizeof(T) == 4) {
      for (size_t part = 0; whole && part < 4; ++part) {
        const __mmask16 chosen = static_cast<__mmask16>(word >> (16 * part));
        _mm512_mask_storeu_epi32(y + i + 16 * part, chosen, _mm512_maskz_expandloadu_epi32(chosen, x + k));
        k += bits_of(chosen);
      }
      if (whole) return;
    }
#else
    (void)whole;
#endif
    each_bit(word, [&](size_t bit) COREPY_INLINE_LAMBDA {
      if (k < room) y[i + bit] = x[k++];
    });
  });
}

// `src` is one element, for all true booleans.
template <class T>
void mask_fill(const void* mask, size_t n, const void* src, void* out, size_t) {
  const T value = *static_cast<const T*>(src);
  T* y = static_cast<T*>(out);
  each_word(mask, n, [&](size_t i, size_t length, uint64_t word) COREPY_INLINE_LAMBDA {
    if (bits_of(word) <= kSparse || length < 64) {
      each_bit(word, [&](size_t bit) COREPY_INLINE_LAMBDA { y[i + bit] = value; });
      return;
    }
    T* d = y + i;
    for (size_t bit = 0; bit < 64; ++bit) {
      if (word >> bit & 1) d[bit] = value;
    }
  });
}

COREPY_END
