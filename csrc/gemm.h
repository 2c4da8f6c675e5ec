// Blocks of matrix products. The executor (crates/kernels/src/matmul.rs) cuts a product into blocks
// that fit the caches, packs them with the functions of this file and multiplies them.
//
// Every element of the result is one chain of multiply_add over k in ascending order, from zero: a
// block begins where the one before it ended. The bits depend neither on the sizes of blocks and tiles
// nor on the number of threads, and AVX2 and AVX-512 give the same.
#pragma once
#include <cstddef>

#include "copy.h"
#include "types.h"
#include "vector.h"

extern "C" {
// Packs m × k elements into panels of `rows` rows; the last is narrower, a multiple of `row_step`, and
// padded with zeros. Strides in bytes.
typedef void (*CorepyPack)(const void* x, ptrdiff_t row, ptrdiff_t col, size_t rows, size_t cols, void* packed);

struct CorepyGemmBlock {
  const void* a;       // packed, m × k
  const void* b;       // k × n: panels of `cols` columns, packed or in place
  const void* b_tail;  // the last panel, packed, where the others lie in place and it has no whole vectors; else null
  ptrdiff_t b_panel;  // elements from panel to panel
  ptrdiff_t b_step;  // elements from k to k + 1
  void* c;  // m × n, rows `c_row` bytes apart
  ptrdiff_t c_row;
  size_t m, n, k;
  uint32_t accumulate;  // whether the block continues the sums in c
};
typedef void (*CorepyGemmRun)(const CorepyGemmBlock* block);

struct CorepyGemm {
  size_t rows, row_step;  // of a panel of a: the most, and the unit
  size_t cols;  // of a panel of b
  size_t width;  // of a vector
  size_t parts;  // numbers per element: 2 where complex
  CorepyPack pack_a, pack_b;
  CorepyGemmRun run;
};
}

COREPY_BEGIN

// Register tiles: as many accumulators as the registers hold, beside a row of b and one number of a.
// 24 of AVX-512's 32 registers, 12 of the 16 that the others have; complex numbers take two each. AVX-512's tiles are
// wide and low, as few loads for as many multiply_adds: on a core of a Granite Rapids, of 119 GFLOP/s, 12 × 2 vectors of
// float64 (14 loads for 24) reach 85-97 in L1 and L2, 8 × 3 (11 loads) 90-104, 6 × 4 (10 loads) 92-106.
template <class T>
struct GemmTile {
  using Part = T;
  static constexpr size_t parts = 1;
#if defined(__AVX512F__)
  static constexpr size_t rows = 6, row_step = 2, vectors = 4;
#else
  static constexpr size_t rows = 6, row_step = 2, vectors = 2;
#endif
  static constexpr size_t width = kRegister / sizeof(Part);
  static constexpr size_t cols = vectors * width;
};
template <class P>
struct GemmTile<Complex<P>> {
  using Part = P;
  static constexpr size_t parts = 2;
#if defined(__AVX512F__)
  static constexpr size_t rows = 6, row_step = 2, vectors = 2;
#else
  static constexpr size_t rows = 4, row_step = 2, vectors = 1;
#endif
  static constexpr size_t width = kRegister / sizeof(Part);
  static constexpr size_t cols = vectors * width;
};

template <class T>
struct Gemm {
  using Tile = GemmTile<T>;
  using Part = typename Tile::Part;
  using V = Vector<Part>;
  static constexpr size_t width = Tile::width, parts = Tile::parts;
  // Positions of a vector's lanes, for shuffles.
  using Index = std::conditional_t<sizeof(Part) == 8, int64_t, int32_t>;
  using Lanes = Vector<Index>;

  // Element (r, c) of a panel of `size`: its components are `size` apart.
  static COREPY_INLINE void put(Part* packed, size_t size, size_t at, T value) {
    if constexpr (parts == 2) {
      packed[at] = value.re;
      packed[at + size] = value.im;
    } else {
      packed[at] = value;
    }
  }

  // Whether lines become panels in registers of 16 bytes: kSide numbers of several lines at a time.
  static constexpr bool is_transposed = std::is_floating_point_v<Part>;
  static constexpr size_t kSide = 16 / sizeof(Part);

  // kSide numbers of each of Size lines, number by number: out[s * Size + i] = number s of line i. In L2, AVX2: float64
  // 0.38 ns per element by way of memory, 0.23 so; float32 0.29, 0.13; complex128 0.75, 0.47.
  template <size_t Size>
  static COREPY_INLINE void transpose_lines(const char* x, ptrdiff_t line, Part* out) {
    typedef Part Quarter __attribute__((vector_size(16)));
    const auto load = [=](size_t i) COREPY_INLINE_LAMBDA {
      Quarter quarter;
      __builtin_memcpy(&quarter, x + line * static_cast<ptrdiff_t>(i), sizeof(Quarter));
      return quarter;
    };
    const auto store = [=](size_t s, size_t i, auto some)
                           COREPY_INLINE_LAMBDA { __builtin_memcpy(out + s * Size + i, &some, sizeof(some)); };
    static_assert(Size % 2 == 0);
    size_t i = 0;
    if constexpr (sizeof(Part) == 8) {
#pragma GCC unroll 16
      for (; i < Size; i += 2) {
        const Quarter a = load(i), b = load(i + 1);
        store(0, i, __builtin_shufflevector(a, b, 0, 2));
        store(1, i, __builtin_shufflevector(a, b, 1, 3));
      }
    } else {
#pragma GCC unroll 16
      for (; i + 4 <= Size; i += 4) {
        const Quarter a = load(i), b = load(i + 1), c = load(i + 2), d = load(i + 3);
        const Quarter ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
        const Quarter high_ab = __builtin_shufflevector(a, b, 2, 6, 3, 7);
        const Quarter high_cd = __builtin_shufflevector(c, d, 2, 6, 3, 7);
        store(0, i, __builtin_shufflevector(ab, cd, 0, 1, 4, 5));
        store(1, i, __builtin_shufflevector(ab, cd, 2, 3, 6, 7));
        store(2, i, __builtin_shufflevector(high_ab, high_cd, 0, 1, 4, 5));
        store(3, i, __builtin_shufflevector(high_ab, high_cd, 2, 3, 6, 7));
      }
      if constexpr (Size % 4 == 2) {
        const Quarter a = load(i), b = load(i + 1);
        const Quarter low = __builtin_shufflevector(a, b, 0, 4, 1, 5), high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
        store(0, i, __builtin_shufflevector(low, low, 0, 1));
        store(1, i, __builtin_shufflevector(low, low, 2, 3));
        store(2, i, __builtin_shufflevector(high, high, 0, 1));
        store(3, i, __builtin_shufflevector(high, high, 2, 3));
      }
    }
  }

  // Packs lines (rows of a, columns of b) into a panel of Size lines, of which `count` exist.
  template <size_t Size>
  static COREPY_INLINE void pack_panel(const char* x, ptrdiff_t line, ptrdiff_t step, size_t count, size_t k,
                                       Part* out) {
    constexpr ptrdiff_t item = sizeof(T);
    size_t p = 0;
    if constexpr (is_transposed) {
      // As many numbers as a register holds follow one another in each line.
      constexpr size_t side = kSide / parts;
      if (count == Size && (step == item || side == 1)) {
        for (; p + side <= k; p += side) {
          transpose_lines<Size>(x + step * static_cast<ptrdiff_t>(p), line, out + p * Size * parts);
        }
      }
    }
    if (count == Size && line == item) {
      // Lines lie side by side.
      for (; p < k; ++p) {
        const T* source = reinterpret_cast<const T*>(x + step * static_cast<ptrdiff_t>(p));
        for (size_t i = 0; i < Size; ++i) put(out + p * Size * parts, Size, i, source[i]);
      }
      return;
    }
    if (!is_transposed && count == Size && step == item) {
      // Each line is contiguous: squares keep both sides' accesses together.
      constexpr size_t side = 8;
      for (; p + side <= k; p += side) {
        T square[Size][side];
        for (size_t i = 0; i < Size; ++i) {
          __builtin_memcpy(square[i], x + line * static_cast<ptrdiff_t>(i) + p * sizeof(T), sizeof(square[i]));
        }
        for (size_t s = 0; s < side; ++s) {
          for (size_t i = 0; i < Size; ++i) put(out + (p + s) * Size * parts, Size, i, square[i][s]);
        }
      }
    }
    for (; p < k; ++p) {
      const char* source = x + step * static_cast<ptrdiff_t>(p);
      Part* row = out + p * Size * parts;
      for (size_t i = 0; i < Size; ++i) {
        const bool exists = i < count;
        const ptrdiff_t at = exists ? static_cast<ptrdiff_t>(i) : 0;
        put(row, Size, i, exists ? *reinterpret_cast<const T*>(source + line * at) : T{});
      }
    }
  }

  template <size_t Size>
  static void pack_last(const char* x, ptrdiff_t row, ptrdiff_t col, size_t rows, size_t k, Part* out) {
    if constexpr (Size > 0) {
      if (rows > Size - Tile::row_step) return pack_panel<Size>(x, row, col, rows, k, out);
      pack_last<Size - Tile::row_step>(x, row, col, rows, k, out);
    }
  }

  static void pack_a(const void* x_, ptrdiff_t row, ptrdiff_t col, size_t rows, size_t k, void* packed) {
    const char* x = static_cast<const char*>(x_);
    Part* out = static_cast<Part*>(packed);
    for (size_t r = 0; r < rows; r += Tile::rows, out += Tile::rows * k * parts) {
      pack_last<Tile::rows>(x + row * static_cast<ptrdiff_t>(r), row, col,
                            rows - r < Tile::rows ? rows - r : Tile::rows, k, out);
    }
  }

  static void pack_b(const void* x_, ptrdiff_t row, ptrdiff_t col, size_t k, size_t cols, void* packed) {
    const char* x = static_cast<const char*>(x_);
    Part* out = static_cast<Part*>(packed);
    for (size_t c = 0; c < cols; c += Tile::cols, out += Tile::cols * k * parts) {
      const size_t count = cols - c < Tile::cols ? cols - c : Tile::cols;
      pack_panel<Tile::cols>(x + col * static_cast<ptrdiff_t>(c), col, row, count, k, out);
    }
  }

  // Loads N vectors of each component from a row of c.
  template <size_t N>
  static COREPY_INLINE void load_row(const T* c, V (&acc)[parts][N]) {
    for (size_t v = 0; v < N; ++v) {
      if constexpr (parts == 2) {
        const Part* pairs = &c[v * width].re;
        const V low = load_vector(pairs), high = load_vector(pairs + width);
        Lanes even, odd;
        for (size_t i = 0; i < width; ++i) {
          even[i] = static_cast<Index>(2 * i);
          odd[i] = static_cast<Index>(2 * i + 1);
        }
        acc[0][v] = __builtin_shuffle(low, high, even);
        acc[1][v] = __builtin_shuffle(low, high, odd);
      } else {
        acc[0][v] = load_vector(c + v * width);
      }
    }
  }

  template <size_t N>
  static COREPY_INLINE void store_row(T* c, const V (&acc)[parts][N]) {
    for (size_t v = 0; v < N; ++v) {
      if constexpr (parts == 2) {
        Lanes low, high;
        for (size_t i = 0; i < width; ++i) {
          low[i] = static_cast<Index>(i / 2 + (i % 2) * width);
          high[i] = static_cast<Index>(low[i] + static_cast<Index>(width / 2));
        }
        Part* pairs = &c[v * width].re;
        store_vector(pairs, static_cast<V>(__builtin_shuffle(acc[0][v], acc[1][v], low)));
        store_vector(pairs + width, static_cast<V>(__builtin_shuffle(acc[0][v], acc[1][v], high)));
      } else {
        store_vector(c + v * width, acc[0][v]);
      }
    }
  }

  // Asks for R rows of c of N vectors.
  template <size_t R, size_t N>
  static COREPY_INLINE void prefetch(const char* c, ptrdiff_t c_row) {
    constexpr size_t line = 64, bytes = N * width * sizeof(T);
#pragma GCC unroll 1
    for (size_t r = 0; r < R; ++r, c += c_row) {
#pragma GCC unroll 4
      for (size_t at = 0; at < bytes; at += line) __builtin_prefetch(c + at, 1);
      __builtin_prefetch(c + bytes - 1, 1);
    }
  }

  // One register tile: R rows of N vectors. `a` is packed in panels of R, b's rows are `b_step` elements apart. The
  // tile's sums go on from c, so that nothing hides the wait for it: the one before asks for it, and this for `next`.
  template <size_t R, size_t N>
  static COREPY_INLINE void tile(const Part* a, const Part* b, ptrdiff_t b_step, size_t k, T* c, ptrdiff_t c_row,
                                 bool accumulate, const char* next) {
    V acc[R][parts][N];
#pragma GCC unroll 16
    for (size_t r = 0; r < R; ++r) {
      if (accumulate) {
        load_row<N>(reinterpret_cast<const T*>(reinterpret_cast<const char*>(c) + c_row * static_cast<ptrdiff_t>(r)),
                    acc[r]);
      } else {
        for (size_t part = 0; part < parts; ++part) {
          for (size_t v = 0; v < N; ++v) acc[r][part][v] = V{};
        }
      }
    }
    if (next != nullptr) prefetch<R, N>(next, c_row);
    for (size_t p = 0; p < k; ++p) {
      V row[parts][N];
      [[maybe_unused]] V minus[N];
#pragma GCC unroll 4
      for (size_t v = 0; v < N; ++v) {
        row[0][v] = load_vector(b + v * width);
        if constexpr (parts == 2) {
          row[1][v] = load_vector(b + Tile::cols + v * width);
          minus[v] = -row[1][v];
        }
      }
#pragma GCC unroll 16
      for (size_t r = 0; r < R; ++r) {
        const V re = broadcast(a[r]);
#pragma GCC unroll 4
        for (size_t v = 0; v < N; ++v) {
          acc[r][0][v] = multiply_add<Part>(re, row[0][v], acc[r][0][v]);
          if constexpr (parts == 2) acc[r][1][v] = multiply_add<Part>(re, row[1][v], acc[r][1][v]);
        }
        if constexpr (parts == 2) {
          const V im = broadcast(a[R + r]);
#pragma GCC unroll 4
          for (size_t v = 0; v < N; ++v) {
            acc[r][0][v] = multiply_add<Part>(im, minus[v], acc[r][0][v]);
            acc[r][1][v] = multiply_add<Part>(im, row[0][v], acc[r][1][v]);
          }
        }
      }
      a += R * parts;
      b += b_step;
    }
#pragma GCC unroll 16
    for (size_t r = 0; r < R; ++r) {
      store_row<N>(reinterpret_cast<T*>(reinterpret_cast<char*>(c) + c_row * static_cast<ptrdiff_t>(r)), acc[r]);
    }
  }

  // A tile of which only rows × cols elements exist goes through a buffer.
  template <size_t R, size_t N>
  static COREPY_NOINLINE void run_tile(const Part* a, const Part* b, ptrdiff_t b_step, size_t k, char* c,
                                       ptrdiff_t c_row, size_t rows, size_t cols, bool accumulate, const char* next) {
    if (__builtin_expect(rows == R && cols == N * width, 1)) {
      return tile<R, N>(a, b, b_step, k, reinterpret_cast<T*>(c), c_row, accumulate, next);
    }
    T buffer[R][N * width];
    if (accumulate) {
      for (size_t r = 0; r < R; ++r) {
        const T* source = reinterpret_cast<const T*>(c + c_row * static_cast<ptrdiff_t>(r < rows ? r : 0));
        for (size_t i = 0; i < N * width; ++i) buffer[r][i] = i < cols ? source[i] : T{};
      }
    }
    tile<R, N>(a, b, b_step, k, &buffer[0][0], sizeof(buffer[0]), accumulate, nullptr);
    for (size_t r = 0; r < rows; ++r) {
      __builtin_memcpy(static_cast<void*>(c + c_row * static_cast<ptrdiff_t>(r)), buffer[r], cols * sizeof(T));
    }
  }

  // All rows of a against one panel of b of N vectors.
  template <size_t N>
  static void run_panel(const CorepyGemmBlock& block, const Part* b, ptrdiff_t b_step, char* c, size_t cols) {
    const char* next_panel = c + Tile::cols * sizeof(T);
    const Part* a = static_cast<const Part*>(block.a);
    const bool accumulate = block.accumulate;
    size_t r = 0;
    for (; r + Tile::rows <= block.m; r += Tile::rows) {
      char* below = c + block.c_row * static_cast<ptrdiff_t>(Tile::rows);
      const char* next = r + 2 * Tile::rows <= block.m ? below : next_panel;
      run_tile<Tile::rows, N>(a, b, b_step, block.k, c, block.c_row, Tile::rows, cols, accumulate, next);
      a += Tile::rows * block.k * parts;
      c = below;
    }
    if (r < block.m) run_last<Tile::rows, N>(a, b, b_step, block, c, block.m - r, cols);
  }

  template <size_t R, size_t N>
  static COREPY_INLINE void run_last(const Part* a, const Part* b, ptrdiff_t b_step, const CorepyGemmBlock& block,
                                     char* c, size_t rows, size_t cols) {
    if constexpr (R > Tile::row_step) {
      if (rows <= R - Tile::row_step) {
        return run_last<R - Tile::row_step, N>(a, b, b_step, block, c, rows, cols);
      }
    }
    run_tile<R, N>(a, b, b_step, block.k, c, block.c_row, rows, cols, block.accumulate, nullptr);
  }

  // All rows of a against the columns of a panel that exist, in as few vectors as hold them.
  template <size_t N>
  static COREPY_INLINE void run_columns(const CorepyGemmBlock& block, const Part* b, ptrdiff_t b_step, char* c,
                                        size_t cols) {
    if constexpr (N > 1) {
      if (cols <= (N - 1) * width) return run_columns<N - 1>(block, b, b_step, c, cols);
    }
    run_panel<N>(block, b, b_step, c, cols);
  }

  static void run(const CorepyGemmBlock* block_) {
    const CorepyGemmBlock& block = *block_;
    const Part* b = static_cast<const Part*>(block.b);
    char* c = static_cast<char*>(block.c);
    for (size_t at = 0; at < block.n; at += Tile::cols) {
      const size_t cols = block.n - at < Tile::cols ? block.n - at : Tile::cols;
      const bool tail = cols < Tile::cols && block.b_tail != nullptr;
      const Part* panel = tail ? static_cast<const Part*>(block.b_tail) : b;
      const ptrdiff_t step = tail ? static_cast<ptrdiff_t>(Tile::cols * parts) : block.b_step;
      run_columns<Tile::vectors>(block, panel, step, c, cols);
      b += block.b_panel;
      c += Tile::cols * sizeof(T);
    }
  }
};

template <class T>
constexpr CorepyGemm gemm() {
  using Tile = GemmTile<T>;
  return {Tile::rows,  Tile::row_step,  Tile::cols,      Tile::width,
          Tile::parts, Gemm<T>::pack_a, Gemm<T>::pack_b, Gemm<T>::run};
}

COREPY_END
