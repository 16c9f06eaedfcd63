// Reads weights as backends/opencl/tile.h lays them out: tiles of LANES rows. With
// -DMOTLEY_ITEM_ROWS=16 an item holds the whole tile in vectors, with 1 it is one row (`lane`) of
// it. Quantised types, in blocks of 32 values:
//   x[i] = scale * (q[i] - ZERO) + minimum, with a scale for each half of a block in Q6_K.
// The host defines MOTLEY_BITS (4, 5, 6, 8; 0 for plain floats), MOTLEY_ZERO, MOTLEY_MIN,
// MOTLEY_SUPER (a K type) and MOTLEY_FLOAT (32 F32, 16 F16, 1 BF16).

#if MOTLEY_ITEM_ROWS == 16
typedef uint16 Words;
typedef float16 Floats;
#define WORDS(p, i) vload16(i, p)
#define HALVES(p, i) Half16(vload16(i, (global const ushort*)(p)))
// As words: PoCL's compiler gathers vectors of bytes one by one.
#define UBYTES(p, i) convert_float16(convert_int16(as_uchar16(vload4(i, (global const uint*)(p)))))
#define BYTES(p, i) convert_float16(convert_int16(as_char16(vload4(i, (global const uint*)(p)))))
#define AS_FLOATS(words) convert_float16(as_int16(words))
#else
typedef uint Words;
typedef float Floats;
#define WORDS(p, i) ((p)[(i)*LANES + lane])
#define HALVES(p, i) vload_half((i)*LANES + lane, (global const half*)(p))
#define UBYTES(p, i) ((float)((global const uchar*)(p))[(i)*LANES + lane])
#define BYTES(p, i) ((float)((global const char*)(p))[(i)*LANES + lane])
#define AS_FLOATS(words) ((float)(int)(words))
#endif

#if MOTLEY_BITS

#define QUANT_WORDS (MOTLEY_BITS == 8 ? 8 : 4)  // per row and block
#define HIGH_WORDS (MOTLEY_BITS == 5 ? 1 : MOTLEY_BITS == 6 ? 2 : 0)
#define SCALE_BYTES (MOTLEY_BITS == 6 ? 2 : 1)  // K types
#define SUPER_BYTES (LANES * (2 + 8 * SCALE_BYTES) + (MOTLEY_MIN ? LANES * 10 : 0))
#define META_BYTES (MOTLEY_SUPER ? SUPER_BYTES / 8 : LANES * 2 * (1 + MOTLEY_MIN))
#define TILE_BYTES(blocks) \
  (((long)(blocks) * (LANES * 4 * (QUANT_WORDS + HIGH_WORDS) + META_BYTES) + 63) / 64 * 64)

typedef struct {
  global const uint* quants;
  global const uint* high;
  global const uchar* meta;
} Tile;

inline Tile OpenTile(global const char* weight, long tile, int blocks) {
  Tile t;
  t.quants = (global const uint*)(weight + tile * TILE_BYTES(blocks));
  t.high = t.quants + (long)blocks * LANES * QUANT_WORDS;
  t.meta = (global const uchar*)(t.high + (long)blocks * LANES * HIGH_WORDS);
  return t;
}

// Values 16 * part + 4 * step .. + 3 of a block, one per byte of a word.
inline Words Quad(Tile t, int block, int part, int step, int lane) {
#if MOTLEY_BITS == 8
  return WORDS(t.quants, (long)block * 8 + part * 4 + step);
#else
  Words q = (WORDS(t.quants, (long)block * 4 + step) >> (4 * part)) & 0x0f0f0f0fu;
#if MOTLEY_BITS == 5
  q |= ((WORDS(t.high, (long)block) >> (4 * part + step)) & 0x01010101u) << 4;
#elif MOTLEY_BITS == 6
  q |= ((WORDS(t.high, (long)block * 2 + part) >> (2 * step)) & 0x03030303u) << 4;
#endif
  return q;
#endif
}

// d and m of a block, or of the eight blocks of a K type.
inline Floats ScaleUnit(Tile t, int block, int lane) {
#if MOTLEY_SUPER
  return HALVES(t.meta + (long)(block / 8) * SUPER_BYTES, 0);
#else
  return HALVES(t.meta, (long)block * (1 + MOTLEY_MIN));
#endif
}

inline Floats MinimumUnit(Tile t, int block, int lane) {
#if MOTLEY_SUPER && MOTLEY_MIN
  return HALVES(t.meta + (long)(block / 8) * SUPER_BYTES, 1);
#elif MOTLEY_MIN
  return HALVES(t.meta, (long)block * 2 + 1);
#else
  return 0;
#endif
}

inline Floats Scale(Tile t, Floats unit, int block, int part, int lane) {
#if MOTLEY_SUPER
  global const uchar* super = t.meta + (long)(block / 8) * SUPER_BYTES;
#if MOTLEY_BITS == 6
  return unit * BYTES(super + 2 * LANES, block % 8 * 2 + part);
#else
  return unit * UBYTES(super + 4 * LANES, block % 8);
#endif
#else
  return unit;
#endif
}

inline Floats Minimum(Tile t, Floats unit, int block, int lane) {
#if MOTLEY_SUPER && MOTLEY_MIN
  return unit * UBYTES(t.meta + (long)(block / 8) * SUPER_BYTES + 12 * LANES, block % 8);
#else
  return unit;
#endif
}

#else

#define TILE_BYTES(cols) (((long)(cols)*LANES * (MOTLEY_FLOAT == 32 ? 4 : 2) + 63) / 64 * 64)

// Value k of the tile's rows.
inline Floats Plain(global const char* tile, long k, int lane) {
#if MOTLEY_ITEM_ROWS == 16
#if MOTLEY_FLOAT == 32
  return vload16(k, (global const float*)tile);
#elif MOTLEY_FLOAT == 16
  return Half16(vload16(k, (global const ushort*)tile));
#else
  return as_float16(convert_uint16(vload16(k, (global const ushort*)tile)) << 16);
#endif
#else
  const long at = k * LANES + lane;
#if MOTLEY_FLOAT == 32
  return ((global const float*)tile)[at];
#elif MOTLEY_FLOAT == 16
  return vload_half(at, (global const half*)tile);
#else
  return as_float((uint)((global const ushort*)tile)[at] << 16);
#endif
#endif
}

#endif
