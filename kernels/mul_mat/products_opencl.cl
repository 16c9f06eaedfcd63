// Up to three products of one x in one launch: tiles are numbered through all of them.
typedef struct {
  long weight_at, bias_at, y_at, y_stride;
  int rows, last_tile;  // last_tile: the product's last tile plus one, in the common numbering
  int has_bias, unused;
} Product;

typedef struct {
  global const char *weight;
  global const float *bias;  // of the tile's first row, or null
  global float *y;           // row 0, the tile's first column
  long y_stride;
  int tile;
  int rows;  // of the tile that exist
} Target;

inline Target MakeTarget(global char *weight, global char *bias, global char *y, Product p,
                         int tile) {
  Target t;
  t.weight = weight + p.weight_at;
  t.bias = p.has_bias ? AT(float, bias, p.bias_at) + tile * LANES : (global const float *)0;
  t.y = AT(float, y, p.y_at) + tile * LANES;
  t.y_stride = p.y_stride;
  t.tile = tile;
  t.rows = min(p.rows - tile * LANES, LANES);
  return t;
}

#define PRODUCTS                                                                                   \
  global char *w0, global char *b0, global char *y0, Product p0, global char *w1, global char *b1, \
      global char *y1, Product p1, global char *w2, global char *b2, global char *y2, Product p2
#define PICK_TARGET(tile)                                                    \
  ((tile) < p0.last_tile   ? MakeTarget(w0, b0, y0, p0, tile)                \
   : (tile) < p1.last_tile ? MakeTarget(w1, b1, y1, p1, (tile)-p0.last_tile) \
                           : MakeTarget(w2, b2, y2, p2, (tile)-p1.last_tile))

// Rows of x past the end read the last one; what they give is not stored.
#define POINT(r)                                          \
  const long row##r = min(first_row + r, (long)rows - 1); \
  const global float *x##r = AT(float, x, x_at) + row##r * x_stride;
#define POINT_SCALES(r) const global float4 *s##r = scales + row##r * blocks;

#if MOTLEY_BITS == 6
#define SUM_OF(scale, part) ((part) ? (scale).z : (scale).y)
#else
#define SUM_OF(scale, part) (scale).w
#endif
