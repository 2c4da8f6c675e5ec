// Reductions in vector registers.
//
// A row is reduced in kLaneBytes of independent accumulators, whatever the width of the machine's
// registers, and these are folded in a fixed order: every instruction set rounds alike.
#pragma once
#include <cstddef>
#include <utility>

#include "reduce_load.h"
#include "reduce_ops.h"

extern "C" {
// The address of the elements [first, first + n) of something that is computed, valid until the next call.
typedef const void* (*CorepyProduce)(void* context, size_t first, size_t n);
// The sums of the first levels of the tree over such elements: for each of `leaves` leaves of Sum::leaf times
// kLaneBytes / 8 elements from `first` on, its lanes.
typedef void (*CorepySumLeaves)(void* context, size_t first, size_t leaves, double* out);
}

COREPY_BEGIN

// Elements of a computed row that are asked for at a time (sum of (a - b)^2 of 1e6 elements, 2 cores: float64 0.21 ms with
// 16,384, 0.16 with 1024; 8e6 are bound by memory either way).
constexpr size_t kProduced = 1024;

// Bytes of accumulators along a row: four of the widest registers hide the latency of an addition.
constexpr size_t kLaneBytes = 256;
// What is left of a row is taken in groups of lanes: this many bytes of accumulators.
constexpr size_t kGroupBytes = 64;
// Rows that are accumulated at a time: as many streams as the prefetcher follows.
constexpr size_t kPanel = 16;

// The largest leaf * 2^k below n: the left part of a pairwise tree over n > leaf.
COREPY_INLINE size_t left_part(size_t n, size_t leaf) { return leaf << (63 - __builtin_clzll((n - 1) / leaf)); }

// What an operation does where there is no NaN, if that takes less.
template <class Op, class A, class = void>
struct FastOf {
  using type = Op;
};
template <class Op, class A>
struct FastOf<Op, A, std::void_t<std::enable_if_t<std::is_floating_point_v<A>>, typename Op::WithoutNan>> {
  using type = typename Op::WithoutNan;
};

template <class Op, class A>
COREPY_INLINE void combine(A* acc, const A* x, size_t n) {
  COREPY_INDEPENDENT
  for (size_t i = 0; i < n; ++i) acc[i] = Op::apply(acc[i], x[i]);
}

// T in memory, A as accumulator, both arithmetic; T is A, or half as wide. A row's lanes fold into
// Parts numbers: two where T are the components of complex numbers, which then count as two columns.
//
// `Step` is Op, or its fast form, which loses a NaN: then `sum` becomes the sum of all elements, which
// is NaN if one of them is, and the result does not count.
template <class Op, class T, class A, size_t Parts>
struct VectorReducer {
  using Fast = typename FastOf<Op, A>::type;
  static constexpr bool widens = sizeof(T) < sizeof(A);
  // Bytes of a register.
  static constexpr size_t bytes = widens ? kWidened : kRegister;
  typedef A Vector __attribute__((vector_size(bytes)));
  static constexpr size_t width = bytes / sizeof(A);
  static constexpr size_t lanes = kLaneBytes / sizeof(A);
  static constexpr size_t group = kGroupBytes / sizeof(A);
  // Accumulating registers at a time: AVX2 and SSE have sixteen, and operands need some.
  static constexpr size_t kTile = kLaneBytes / bytes < 8 ? kLaneBytes / bytes : 8;
  static constexpr size_t kGroup = kGroupBytes / bytes;
  static constexpr size_t tile = kTile * width;
  // The same across rows: with AVX-512 there are 32, and a row's piece should not be shorter than four cache lines.
  static constexpr size_t kWide = kRegister == 64 && widens ? 2 * kTile : kTile;

  template <class Step>
  static constexpr bool loses_nan = !std::is_same_v<Step, Op>;

  static COREPY_INLINE Vector load(const T* x) {
    if constexpr (std::is_same_v<T, A>) {
      Vector vector;
      __builtin_memcpy(&vector, x, sizeof(Vector));
      return vector;
    } else {
      return load_widened<Vector>(x);
    }
  }

  // Step::apply(acc, x).
  template <class Step>
  static COREPY_INLINE Vector accumulated(Vector acc, Vector x, [[maybe_unused]] Vector one) {
    if constexpr (adds_widened<Step>) return add_widened(acc, x, one);
    else return Step::apply(acc, x);
  }
  template <class Step>
  static constexpr bool adds_widened = widens && std::is_same_v<A, double> && std::is_same_v<Step, Sum>;

  // acc[c] = the reduction over r of element c at row(r), in vectors.
  template <class Step, size_t Registers, class Row>
  static COREPY_INLINE void accumulate(Row row, size_t rows, Vector* acc, Vector& sum) {
    // With sixteen registers half of those of a tile are read at a time (max of float64 in L2, AVX2: 62 GB/s with all,
    // 102 with half).
    constexpr size_t some = kRegister == 64 || Registers < kTile ? Registers : (Registers + 1) / 2;
    [[maybe_unused]] Vector next[some], one = {};
    if constexpr (adds_widened<Step>) one = hidden_one<Vector>();
    const T* first = row(0);
#pragma GCC unroll 16
    for (size_t k = 0; k < Registers; ++k) acc[k] = load(first + k * width);
    if constexpr (loses_nan<Step>) {
#pragma GCC unroll 16
      for (size_t k = 0; k < Registers; ++k) sum += acc[k];
    }
    // GCC would peel the whole leaf, since it knows its length.
#pragma GCC unroll 1
    for (size_t r = 1; r < rows; ++r) {
      const T* x = row(r);
      if constexpr (loses_nan<Step>) {
#pragma GCC unroll 4
        for (size_t from = 0; from < Registers; from += some) {
#pragma GCC unroll 16
          for (size_t k = 0; k < some; ++k) next[k] = in_register(load(x + (from + k) * width));
#pragma GCC unroll 16
          for (size_t k = 0; k < some; ++k) acc[from + k] = Step::apply(acc[from + k], next[k]);
#pragma GCC unroll 4
          for (size_t half = some / 2; half > 0; half /= 2) {
#pragma GCC unroll 8
            for (size_t k = 0; k < half; ++k) next[k] += next[k + half];
          }
          sum += next[0];
        }
      } else {
#pragma GCC unroll 16
        for (size_t k = 0; k < Registers; ++k) acc[k] = accumulated<Step>(acc[k], load(x + k * width), one);
      }
    }
  }

  static COREPY_INLINE void store(const Vector* acc, size_t registers, A* out) {
#pragma GCC unroll 16
    for (size_t k = 0; k < registers; ++k) __builtin_memcpy(out + k * width, &acc[k], sizeof(Vector));
  }

  template <class Step>
  static COREPY_INLINE void combine_lanes(Vector* acc, const Vector* other) {
#pragma GCC unroll 16
    for (size_t k = 0; k < kTile; ++k) acc[k] = Step::apply(acc[k], other[k]);
  }

  // As accumulate, to memory.
  template <class Step, size_t Registers, class Row>
  static COREPY_INLINE void accumulate_to(Row row, size_t rows, A* out, Vector& sum) {
    Vector acc[Registers];
    accumulate<Step, Registers>(row, rows, acc, sum);
    store(acc, Registers, out);
  }

  // Whether the tree's lowest levels are kept in registers.
  static constexpr bool in_registers = Op::leaf < 64 && kRegister > 16 && lanes == tile;

  // lane_tree of four whole leaves, without a store in between (one core, sums of float64 in L3: 76 GB/s with a call for
  // each leaf).
  template <class Step>
  static COREPY_INLINE void four_leaves(const T* x, A* out, Vector& sum) {
    Vector low[kTile], high[kTile], leaf[kTile];
    const auto accumulate_leaf = [&](size_t number, Vector* acc) COREPY_INLINE_LAMBDA {
      const T* first = x + number * Op::leaf * lanes;
      accumulate<Step, kTile>([=](size_t r) { return first + r * lanes; }, Op::leaf, acc, sum);
    };
    accumulate_leaf(0, low);
    accumulate_leaf(1, leaf);
    combine_lanes<Step>(low, leaf);
    accumulate_leaf(2, high);
    accumulate_leaf(3, leaf);
    combine_lanes<Step>(high, leaf);
    combine_lanes<Step>(low, high);
    store(low, kTile, out);
  }

  // lane_tree of up to two leaves, kept in registers.
  template <class Step>
  static COREPY_INLINE void two_leaves(const T* x, size_t steps, Vector* acc, Vector& sum) {
    const auto row = [=](size_t r) COREPY_INLINE_LAMBDA { return x + r * lanes; };
    if (steps <= Op::leaf) return accumulate<Step, kTile>(row, steps, acc, sum);
    Vector other[kTile];
    accumulate<Step, kTile>(row, Op::leaf, acc, sum);
    accumulate<Step, kTile>([=](size_t r) { return row(Op::leaf + r); }, steps - Op::leaf, other, sum);
    combine_lanes<Step>(acc, other);
  }

  // The lanes of `steps` >= 1 times `lanes` elements.
  template <class Step>
  static COREPY_NOINLINE void lane_tree(const T* x, size_t steps, A* out, Vector* sum) {
    if (steps <= Op::leaf) {
      Vector total = *sum;
      for (size_t lane = 0; lane < lanes; lane += tile) {
        accumulate_to<Step, kTile>([=](size_t r) { return x + r * lanes + lane; }, steps, out + lane, total);
      }
      *sum = total;
      return;
    }
    if constexpr (in_registers) {
      if (steps == 4 * Op::leaf) return four_leaves<Step>(x, out, *sum);
    }
    const size_t left = left_part(steps, Op::leaf);
    lane_tree<Step>(x, left, out, sum);
    alignas(64) A right[lanes];
    lane_tree<Step>(x + left * lanes, steps - left, right, sum);
    combine<Step, A>(out, right, lanes);
  }

  // Elements in memory.
  struct Memory {
    const T* x;

    template <class Step>
    COREPY_INLINE void tree(size_t steps, Vector* acc, Vector& sum) const {
      if constexpr (in_registers) {
        if (steps <= 2 * Op::leaf) return two_leaves<Step>(x, steps, acc, sum);
      }
      alignas(64) A lanes_in_memory[lanes];
      lane_tree<Step>(x, steps, lanes_in_memory, &sum);
      __builtin_memcpy(acc, lanes_in_memory, sizeof(lanes_in_memory));
    }
    COREPY_INLINE const T* at(size_t first, size_t) const { return x + first; }
  };

  // Whether who computes elements may sum them itself.
  static constexpr bool sums_leaves = std::is_same_v<Op, Sum> && std::is_same_v<A, double> && Parts == 1;
  // Leaves that are asked for at a time.
  static constexpr size_t kLeaves = 8;

  // Elements that are computed when they are asked for, a few leaves at a time: they are read while they are in L1.
  struct Produced {
    CorepyProduce produce;
    // Null where elements are to be asked for.
    CorepySumLeaves sum_leaves;
    void* context;

    COREPY_INLINE const T* at(size_t first, size_t n) const {
      return static_cast<const T*>(produce(context, first / Parts, n / Parts));
    }
    // As lane_tree, of the steps from `first` on.
    template <class Step>
    COREPY_NOINLINE void part(size_t first, size_t steps, A* out, Vector* sum) const {
      constexpr size_t most = kProduced / lanes;
      if constexpr (sums_leaves) {
        const size_t leaves = steps / Op::leaf;
        const bool is_branch = steps % Op::leaf == 0 && (leaves & (leaves - 1)) == 0;
        if (sum_leaves && is_branch && leaves <= kLeaves) return branch(first, leaves, out);
      }
      if (steps <= most) return lane_tree<Step>(at(first * lanes, steps * lanes), steps, out, sum);
      const size_t left = left_part(steps, Op::leaf < most ? Op::leaf : most);
      part<Step>(first, left, out, sum);
      alignas(64) A right[lanes];
      part<Step>(first + left, steps - left, right, sum);
      combine<Step, A>(out, right, lanes);
    }
    // The same of a power of two of leaves.
    COREPY_INLINE void branch(size_t first, size_t leaves, A* out) const {
      alignas(64) A sums[kLeaves * lanes];
      sum_leaves(context, first * lanes, leaves, sums);
      for (size_t step = 1; step < leaves; step *= 2) {
        for (size_t left = 0; left < leaves; left += 2 * step) {
          combine<Op, A>(sums + left * lanes, sums + (left + step) * lanes, lanes);
        }
      }
      __builtin_memcpy(out, sums, lanes * sizeof(A));
    }
    template <class Step>
    COREPY_INLINE void tree(size_t steps, Vector* acc, Vector& sum) const {
      alignas(64) A lanes_in_memory[lanes];
      part<Step>(0, steps, lanes_in_memory, &sum);
      __builtin_memcpy(acc, lanes_in_memory, sizeof(lanes_in_memory));
    }
  };

  // A group of lanes, in registers.
  struct Group {
    Vector part[kGroup];

    static COREPY_INLINE Group from(const Vector* registers) {
      Group g;
#pragma GCC unroll 4
      for (size_t k = 0; k < kGroup; ++k) g.part[k] = registers[k];
      return g;
    }

    template <class Step>
    static COREPY_INLINE Group of(const T* x, Vector& sum) {
      Group g;
      accumulate<Step, kGroup>([=](size_t) { return x; }, 1, g.part, sum);
      return g;
    }

    template <class Step>
    COREPY_INLINE void apply(const Group& other) {
#pragma GCC unroll 4
      for (size_t k = 0; k < kGroup; ++k) part[k] = Step::apply(part[k], other.part[k]);
    }
  };

  template <size_t Half, size_t... I>
  static COREPY_INLINE auto rotated(std::index_sequence<I...>) {
    using Index = decltype(Vector{} > Vector{});
    return Index{((I + Half) % width)...};
  }

  // Lane i with lane i + Half, then halves of that.
  template <class Step, size_t Half>
  static COREPY_INLINE Vector fold(Vector v) {
    if constexpr (Half < Parts) return v;
    else
      return fold<Step, Half / 2>(
          Step::apply(v, __builtin_shuffle(v, rotated<Half>(std::make_index_sequence<width>{}))));
  }

  // False if a NaN may have been lost.
  template <class Step, class Source>
  static COREPY_INLINE bool row(Source source, size_t n, A* out) {
    Vector sum = {};
    A rest[Parts];
    for (size_t p = 0; p < Parts; ++p) rest[p] = Op::template identity<A>();
    const T* x = n < lanes ? source.at(0, n) : nullptr;
    if (n >= group) {
      Group g;
      if (n >= lanes) {
        Vector acc[lanes / width];
        const size_t steps = n / lanes;
        source.template tree<Step>(steps, acc, sum);
        n -= steps * lanes;
        // What is taken once more below lies before the rest.
        constexpr size_t before = Op::is_idempotent ? group : 0;
        if (n > 0) x = source.at(steps * lanes - before, n + before) + before;
        g = Group::from(acc);
        Group g1 = Group::from(acc + kGroup), g2 = Group::from(acc + 2 * kGroup);
        if (n >= group) g.template apply<Step>(Group::template of<Step>(x, sum));
        if (n >= 2 * group) g1.template apply<Step>(Group::template of<Step>(x + group, sum));
        if (n >= 3 * group) g2.template apply<Step>(Group::template of<Step>(x + 2 * group, sum));
        g.template apply<Step>(g2);
        g1.template apply<Step>(Group::from(acc + 3 * kGroup));
        g.template apply<Step>(g1);
      } else {
        g = Group::template of<Step>(x, sum);
        if (n >= 3 * group) g.template apply<Step>(Group::template of<Step>(x + 2 * group, sum));
        if (n >= 2 * group) g.template apply<Step>(Group::template of<Step>(x + group, sum));
      }
      x += n / group * group;
      n %= group;
      if (Op::is_idempotent && n > 0) {
        // The last elements once more, rather than one by one.
        g.template apply<Step>(Group::template of<Step>(x + n - group, sum));
        n = 0;
      }
#pragma GCC unroll 4
      for (size_t half = kGroup / 2; half > 0; half /= 2) {
#pragma GCC unroll 4
        for (size_t k = 0; k < half; ++k) g.part[k] = Step::apply(g.part[k], g.part[k + half]);
      }
      const Vector folded = fold<Step, width / 2>(g.part[0]);
      for (size_t p = 0; p < Parts; ++p) rest[p] = folded[p];
    }
    A rest_sum = 0;
    for (size_t i = 0; i < n; i += Parts) {
      for (size_t p = 0; p < Parts; ++p) {
        const A value = static_cast<A>(x[i + p]);
        rest[p] = Step::apply(rest[p], value);
        if constexpr (loses_nan<Step>) rest_sum += value;
      }
    }
    for (size_t p = 0; p < Parts; ++p) out[p] = rest[p];
    if constexpr (loses_nan<Step>) return !(has_nan<A>(sum) | (rest_sum != rest_sum));
    else return true;
  }

  static void rows(const void* x, ptrdiff_t stride, size_t rows, size_t n, void* out) {
    const char* data = static_cast<const char*>(x);
    A* result = static_cast<A*>(out);
    for (size_t r = 0; r < rows; ++r) {
      const T* first = reinterpret_cast<const T*>(data + stride * static_cast<ptrdiff_t>(r));
      if (__builtin_expect(!row<Fast>(Memory{first}, n * Parts, result + r * Parts), 0)) {
        row<Op>(Memory{first}, n * Parts, result + r * Parts);
      }
    }
  }

  static void produced(CorepyProduce produce, CorepySumLeaves sum_leaves, void* context, size_t n, void* out) {
    const Produced source{produce, sum_leaves, context};
    A* result = static_cast<A*>(out);
    if (!sum_leaves && n * Parts <= kProduced) return rows(source.at(0, n * Parts), 0, 1, n, out);
    if (__builtin_expect(!row<Fast>(source, n * Parts, result), 0)) row<Op>(source, n * Parts, result);
  }

  // Columns from `first` on. The same columns of the next `ahead` rows come into L2 meanwhile.
  template <size_t Registers>
  static COREPY_INLINE void panel_tile(const char* x, const ptrdiff_t* offsets, size_t rows,
                                       [[maybe_unused]] size_t ahead, size_t first, A* out) {
    constexpr size_t piece = Registers * width * sizeof(T);
    const auto row = [=](size_t r) COREPY_INLINE_LAMBDA {
      if constexpr (is_asked_ahead<piece>) {
        if (r < ahead) prefetch<piece>(reinterpret_cast<const T*>(x + offsets[rows + r]) + first);
      }
      return reinterpret_cast<const T*>(x + offsets[r]) + first;
    };
    Vector sum = {};
    accumulate_to<Fast, Registers>(row, rows, out + first, sum);
    if constexpr (loses_nan<Fast>) {
      if (__builtin_expect(has_nan<A>(sum), 0)) accumulate_to<Op, Registers>(row, rows, out + first, sum);
    }
  }

  static void panel(const char* x, const ptrdiff_t* offsets, size_t rows, size_t ahead, size_t cols, A* out) {
    size_t c = 0;
    for (; c + kWide * width <= cols; c += kWide * width) panel_tile<kWide>(x, offsets, rows, ahead, c, out);
    if (kWide > kTile && c + tile <= cols) {
      panel_tile<kTile>(x, offsets, rows, ahead, c, out);
      c += tile;
    }
    for (; c + group <= cols; c += group) panel_tile<kGroup>(x, offsets, rows, ahead, c, out);
    if (c == cols) return;
    for (size_t r = 0; r < rows; ++r) {
      const T* row = reinterpret_cast<const T*>(x + offsets[r]);
      COREPY_INDEPENDENT
      for (size_t i = c; i < cols; ++i) {
        const A value = static_cast<A>(row[i]);
        out[i] = r == 0 ? value : Op::apply(out[i], value);
      }
    }
  }

  static COREPY_NOINLINE void tree(const char* x, const ptrdiff_t* offsets, size_t rows, size_t ahead, size_t cols,
                                   A* out, A* scratch) {
    if (rows <= kPanel) return panel(x, offsets, rows, ahead < rows ? ahead : rows, cols, out);
    const size_t left = left_part(rows, kPanel);
    tree(x, offsets, left, rows - left + ahead, cols, out, scratch);
    tree(x, offsets + left, rows - left, ahead, cols, scratch, scratch + cols);
    combine<Op, A>(out, scratch, cols);
  }

  static void columns(const void* x, const ptrdiff_t* offsets, size_t rows, size_t cols, void* out, void* scratch) {
    tree(static_cast<const char*>(x), offsets, rows, 0, cols * Parts, static_cast<A*>(out), static_cast<A*>(scratch));
  }

  static void merge(void* acc, const void* x, size_t n) {
    combine<Op, A>(static_cast<A*>(acc), static_cast<const A*>(x), n * Parts);
  }
};

COREPY_END
