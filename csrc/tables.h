// Tables of one register of AVX-512, looked up for several vectors in step.
//
// AVX-512 permutes a whole table by one instruction per vector. AVX2 takes two and a choice, which all run on the
// units of the multiply-adds (Zen 3: 3 cycles per vector), but it looks bytes up in a table of 16: one byte of the entries
// of 32 floats at once, or two bytes of those of 16 doubles. Interleaving then puts the bytes of each entry together: 12
// instructions per 4 vectors (7 more for the places, for all tables), half of which go to another unit.
#pragma once
#include "vector.h"

#ifdef COREPY_WIDE
COREPY_BEGIN

template <class T>
struct Table {
  using Word = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
  static constexpr size_t size = 64 / sizeof(Word);

  alignas(64) Word entries[size] = {};
#if !defined(__AVX512F__)
  // Of float byte k of all entries; of double their bytes 2 k, then their bytes 2 k + 1. Twice, for the halves of a register.
  uint8_t bytes[4][32] = {};
#endif

  constexpr Table(const Word (&values)[size]) {
    for (size_t i = 0; i < size; ++i) {
      entries[i] = values[i];
#if !defined(__AVX512F__)
      for (size_t k = 0; k < sizeof(Word); ++k) {
        const size_t place = k * size + i;
        const uint8_t byte = static_cast<uint8_t>(values[i] >> (8 * k));
        bytes[place / 16][place % 16] = bytes[place / 16][place % 16 + 16] = byte;
      }
#endif
    }
  }
};

#if !defined(__AVX512F__)
COREPY_INLINE __m256i look_up_bytes(const uint8_t (&bytes)[32], __m256i place) {
  return _mm256_shuffle_epi8(_mm256_load_si256(reinterpret_cast<const __m256i*>(bytes)), place);
}

// Packing and interleaving go by halves of a register alike, so that the entries come out in the order of the places.
COREPY_INLINE __m256i pack_places(const Bits<float>* index) {
  const __m256i mask = _mm256_set1_epi32(15);
  __m256i low =
      _mm256_packus_epi32(_mm256_and_si256((__m256i)index[0], mask), _mm256_and_si256((__m256i)index[1], mask));
  __m256i high =
      _mm256_packus_epi32(_mm256_and_si256((__m256i)index[2], mask), _mm256_and_si256((__m256i)index[3], mask));
  return _mm256_packus_epi16(low, high);
}
COREPY_INLINE void look_up_packed(const Table<float>& table, __m256i place, Vector<float>* entries) {
  __m256i byte0 = look_up_bytes(table.bytes[0], place), byte1 = look_up_bytes(table.bytes[1], place);
  __m256i byte2 = look_up_bytes(table.bytes[2], place), byte3 = look_up_bytes(table.bytes[3], place);
  __m256i low = _mm256_unpacklo_epi8(byte0, byte1), high = _mm256_unpacklo_epi8(byte2, byte3);
  entries[0] = (Vector<float>)_mm256_unpacklo_epi16(low, high);
  entries[1] = (Vector<float>)_mm256_unpackhi_epi16(low, high);
  low = _mm256_unpackhi_epi8(byte0, byte1), high = _mm256_unpackhi_epi8(byte2, byte3);
  entries[2] = (Vector<float>)_mm256_unpacklo_epi16(low, high);
  entries[3] = (Vector<float>)_mm256_unpackhi_epi16(low, high);
}

// The lower words of 32 bits, as words of 16 bits, as the two bytes i and i + 8.
COREPY_INLINE __m256i pack_places(const Bits<double>* index) {
  const __m256i mask = _mm256_set1_epi32(7);
  __m256i low = (__m256i)_mm256_shuffle_ps((__m256)index[0], (__m256)index[1], 0x88);
  __m256i high = (__m256i)_mm256_shuffle_ps((__m256)index[2], (__m256)index[3], 0x88);
  __m256i words = _mm256_packus_epi32(_mm256_and_si256(low, mask), _mm256_and_si256(high, mask));
  return _mm256_or_si256(_mm256_or_si256(words, _mm256_slli_epi16(words, 8)), _mm256_set1_epi16(0x0800));
}
COREPY_INLINE void look_up_packed(const Table<double>& table, __m256i place, Vector<double>* entries) {
  __m256i word0 = look_up_bytes(table.bytes[0], place), word1 = look_up_bytes(table.bytes[1], place);
  __m256i word2 = look_up_bytes(table.bytes[2], place), word3 = look_up_bytes(table.bytes[3], place);
  __m256i low = _mm256_unpacklo_epi16(word0, word1), high = _mm256_unpacklo_epi16(word2, word3);
  entries[0] = (Vector<double>)_mm256_unpacklo_epi32(low, high);
  entries[1] = (Vector<double>)_mm256_unpackhi_epi32(low, high);
  low = _mm256_unpackhi_epi16(word0, word1), high = _mm256_unpackhi_epi16(word2, word3);
  entries[2] = (Vector<double>)_mm256_unpacklo_epi32(low, high);
  entries[3] = (Vector<double>)_mm256_unpackhi_epi32(low, high);
}
#endif

// The entries for the lanes of n vectors: by the lowest bits of `index`, bits above ignored.
template <class T, size_t n>
struct Places {
#if defined(__AVX512F__)
  static constexpr size_t packed = 0;
#else
  static constexpr size_t packed = n / 4 * 4;
  __m256i places[packed == 0 ? 1 : packed / 4];
#endif
  Bits<T> index[n];

  explicit COREPY_INLINE Places(const Bits<T> (&index_)[n]) {
#if !defined(__AVX512F__)
    for (size_t i = 0; i < packed; i += 4) places[i / 4] = pack_places(index_ + i);
#endif
    for (size_t i = packed; i < n; ++i) index[i] = index_[i];
  }
  COREPY_INLINE void look_up(const Table<T>& table, Vector<T> (&entries)[n]) const {
#if !defined(__AVX512F__)
    for (size_t i = 0; i < packed; i += 4) look_up_packed(table, places[i / 4], entries + i);
#endif
    for (size_t i = packed; i < n; ++i) entries[i] = from_bits(COREPY_NS::look_up(table.entries, index[i]));
  }
};

COREPY_END
#endif
