// Strided two-dimensional copies: how blocks are gathered from and scattered to tensors that are
// not contiguous. Elements are moved by size, whatever their dtype.
#pragma once
#include <cstddef>

#include "vector.h"

extern "C" {
// Copies `bytes` bytes past the caches; `dst` is 64-byte aligned, `src` too. The stores are weakly
// ordered: the caller fences before the operation counts as done.
typedef void (*CorepyStream)(const void* src, void* dst, size_t bytes);
// Copies rows × cols elements; all strides in bytes, of either sign, zero in the source to repeat.
typedef void (*CorepyCopy)(const void* src, ptrdiff_t src_row, ptrdiff_t src_col, void* dst, ptrdiff_t dst_row,
                           ptrdiff_t dst_col, size_t rows, size_t cols);
}

COREPY_BEGIN

struct Bytes16 {
  uint64_t low, high;
};

template <size_t Bytes>
COREPY_INLINE void copy_fixed(char* dst, const char* src) {
  typedef uint8_t Block __attribute__((vector_size(Bytes)));
  Block block;
  __builtin_memcpy(&block, src, Bytes);
  __builtin_memcpy(dst, &block, Bytes);
}

// A copy between places that do not overlap. Not the C library's from 2 KiB on, whose string instructions begin
// anew with each run: pieces of 2 KiB came from memory at 14 GB/s with them and at 40 with these loads (Zen 4).
COREPY_INLINE void copy_bytes(char* dst, const char* src, size_t bytes) {
  constexpr size_t width = kRegister;
  if (bytes < width) {
    size_t k = 0;
    for (; k + 8 <= bytes; k += 8) __builtin_memcpy(dst + k, src + k, 8);
    for (; k < bytes; ++k) dst[k] = src[k];
    return;
  }
  size_t k = 0;
  if (bytes >= 16 * width) {
    copy_fixed<width>(dst, src);
    k = width - reinterpret_cast<uintptr_t>(dst) % width;
  }
#pragma GCC unroll 1
  for (; k + 4 * width <= bytes; k += 4 * width) {
    Vector<uint64_t> lines[4];
    __builtin_memcpy(lines, src + k, sizeof(lines));
    for (size_t i = 0; i < 4; ++i) __builtin_memcpy(dst + k + i * width, &lines[i], width);
  }
#pragma GCC unroll 1
  for (; k + width <= bytes; k += width) copy_fixed<width>(dst + k, src + k);
  if (k < bytes) copy_fixed<width>(dst + bytes - width, src + bytes - width);
}

template <class T>
COREPY_INLINE void copy_row(const char* src, ptrdiff_t src_step, char* dst, ptrdiff_t dst_step, size_t n) {
  constexpr ptrdiff_t item = sizeof(T);
  if (dst_step == -item && n > 0) {
    // From the other end: vectors are reversed as they are loaded.
    const ptrdiff_t last = static_cast<ptrdiff_t>(n - 1);
    src += src_step * last;
    dst += dst_step * last;
    src_step = -src_step;
    dst_step = item;
  }
  const T* s = reinterpret_cast<const T*>(src);
  T* d = reinterpret_cast<T*>(dst);
  // The frequent steps as constants, so that the loops become vector loads with shuffles.
  if (dst_step == item) {
    if (src_step == item) {
      copy_bytes(dst, src, n * sizeof(T));
    } else if (src_step == 0) {
      const T value = *s;
      for (size_t i = 0; i < n; ++i) d[i] = value;
    } else if (src_step == 2 * item) {
      for (size_t i = 0; i < n; ++i) d[i] = s[2 * i];
    } else if (src_step == -item) {
      for (size_t i = 0; i < n; ++i) d[i] = *(s - i);
    } else {
      for (size_t i = 0; i < n; ++i) d[i] = *reinterpret_cast<const T*>(src + src_step * static_cast<ptrdiff_t>(i));
    }
  } else if (src_step == item) {
    for (size_t i = 0; i < n; ++i) *reinterpret_cast<T*>(dst + dst_step * static_cast<ptrdiff_t>(i)) = s[i];
  } else {
    for (size_t i = 0; i < n; ++i) {
      const ptrdiff_t k = static_cast<ptrdiff_t>(i);
      *reinterpret_cast<T*>(dst + dst_step * k) = *reinterpret_cast<const T*>(src + src_step * k);
    }
  }
}

// Source columns are far apart and rows are adjacent: squares of Side × Side elements, so that each
// cache line fetched is used whole, through a local buffer that keeps both sides' accesses unit-stride.
template <class T, size_t Side>
COREPY_INLINE void transpose_tile(const char* src, ptrdiff_t src_col, char* dst, ptrdiff_t dst_row) {
  if constexpr (sizeof(T) == 16) {
    // An element is a vector already: there is nothing to gather.
    for (size_t r = 0; r < Side; ++r) {
      T* d = reinterpret_cast<T*>(dst + dst_row * static_cast<ptrdiff_t>(r));
      for (size_t c = 0; c < Side; ++c) {
        __builtin_memcpy(d + c, src + src_col * static_cast<ptrdiff_t>(c) + sizeof(T) * r, sizeof(T));
      }
    }
    return;
  }
  T square[Side][Side];
  for (size_t c = 0; c < Side; ++c) {
    const T* s = reinterpret_cast<const T*>(src + src_col * static_cast<ptrdiff_t>(c));
    for (size_t r = 0; r < Side; ++r) square[c][r] = s[r];
  }
  for (size_t r = 0; r < Side; ++r) {
    T* d = reinterpret_cast<T*>(dst + dst_row * static_cast<ptrdiff_t>(r));
    for (size_t c = 0; c < Side; ++c) d[c] = square[c][r];
  }
}

// Columns that are transposed together. Each is a stream of its own, and the prefetcher follows
// about 32: a 1000 × 1000 float64 matrix took 0.34 ns per element with 16 and 0.53 with 64.
constexpr size_t kStrip = 16;

template <class T>
void copy2d(const void* src_, ptrdiff_t src_row, ptrdiff_t src_col, void* dst_, ptrdiff_t dst_row, ptrdiff_t dst_col,
            size_t rows, size_t cols) {
  constexpr ptrdiff_t item = sizeof(T);
  constexpr size_t side = 8;
  const char* src = static_cast<const char*>(src_);
  char* dst = static_cast<char*>(dst_);
  size_t r0 = 0;
  if (src_row == item && dst_col == item && src_col != item && rows >= side && cols >= side) {
    const size_t square_rows = rows / side * side, square_cols = cols / side * side;
    for (size_t strip = 0; strip < square_cols; strip += kStrip) {
      const size_t strip_end = square_cols - strip < kStrip ? square_cols : strip + kStrip;
      for (size_t r = 0; r < square_rows; r += side) {
        const char* s = src + src_row * static_cast<ptrdiff_t>(r);
        char* d = dst + dst_row * static_cast<ptrdiff_t>(r);
        for (size_t c = strip; c < strip_end; c += side) {
          const ptrdiff_t k = static_cast<ptrdiff_t>(c);
          transpose_tile<T, side>(s + src_col * k, src_col, d + item * k, dst_row);
        }
      }
    }
    // The columns that fill no square.
    for (; r0 < square_rows && square_cols < cols; ++r0) {
      const ptrdiff_t i = static_cast<ptrdiff_t>(r0), k = static_cast<ptrdiff_t>(square_cols);
      copy_row<T>(src + src_row * i + src_col * k, src_col, dst + dst_row * i + dst_col * k, dst_col,
                  cols - square_cols);
    }
    r0 = square_rows;
  }
  for (; r0 < rows; ++r0) {
    const ptrdiff_t i = static_cast<ptrdiff_t>(r0);
    copy_row<T>(src + src_row * i, src_col, dst + dst_row * i, dst_col, cols);
  }
}

// Stores that bypass the caches save the read of the destination that an ordinary store to memory
// begins with: 2 streams of 3 instead of 4 for a binary operation.
inline void stream_copy(const void* src, void* dst, size_t bytes) {
  const char* s = static_cast<const char*>(src);
  char* d = static_cast<char*>(dst);
  size_t i = 0;
#if defined(__AVX512F__)
  for (; i + 64 <= bytes; i += 64) _mm512_stream_si512(reinterpret_cast<__m512i*>(d + i), _mm512_load_si512(s + i));
#elif defined(__AVX__)
  for (; i + 32 <= bytes; i += 32)
    _mm256_stream_si256(reinterpret_cast<__m256i*>(d + i), _mm256_load_si256(reinterpret_cast<const __m256i*>(s + i)));
#elif defined(__x86_64__)
  for (; i + 16 <= bytes; i += 16)
    _mm_stream_si128(reinterpret_cast<__m128i*>(d + i), _mm_load_si128(reinterpret_cast<const __m128i*>(s + i)));
#endif
  __builtin_memcpy(d + i, s + i, bytes - i);
}

COREPY_END
