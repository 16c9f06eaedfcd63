// Powers of two and exponentials with the operations of kernels/vector/math.h in the same order, so
// that a device which fuses gives the bits of the CPU. Each for one value and for sixteen.

#define POWERS(FLOAT, INT, EXP2_FRACTION, SCALE, EXP2, EXP)                             \
  inline FLOAT EXP2_FRACTION(FLOAT f) {                                                 \
    FLOAT p = 1.5353362e-4f;                                                            \
    p = FMA(p, f, (FLOAT)(1.3398875e-3f));                                              \
    p = FMA(p, f, (FLOAT)(9.61843692e-3f));                                             \
    p = FMA(p, f, (FLOAT)(5.55033237e-2f));                                             \
    p = FMA(p, f, (FLOAT)(2.40226477e-1f));                                             \
    p = FMA(p, f, (FLOAT)(6.93147182e-1f));                                             \
    return FMA(p, f, (FLOAT)(1.0f));                                                    \
  }                                                                                     \
  /* a * 2^n for whole n in [-252, 254], in two factors that are normal numbers */      \
  inline FLOAT SCALE(FLOAT a, INT n) {                                                  \
    const INT half_n = n >> 1;                                                          \
    return a * as_##FLOAT((half_n + 127) << 23) * as_##FLOAT((n - half_n + 127) << 23); \
  }                                                                                     \
  /* 2^x for x <= 0; 0 below -200 */                                                    \
  inline FLOAT EXP2(FLOAT x) {                                                          \
    x = x < -200.0f ? (FLOAT)(-200.0f) : x;                                             \
    const FLOAT n = rint(x);                                                            \
    return SCALE(EXP2_FRACTION(x - n), convert_##INT(n));                               \
  }                                                                                     \
  /* e^x; NaN stays NaN */                                                              \
  inline FLOAT EXP(FLOAT x) {                                                           \
    x = x < -110.0f ? (FLOAT)(-110.0f) : x;                                             \
    x = x > 90.0f ? (FLOAT)(90.0f) : x;                                                 \
    const FLOAT n = rint(x * 1.44269504f);                                              \
    FLOAT r = FMA(n, (FLOAT)(-0.693359375f), x);                                        \
    r = FMA(n, (FLOAT)(2.12194440e-4f), r);                                             \
    return SCALE(EXP2_FRACTION(r * 1.44269504f), convert_##INT(n));                     \
  }
POWERS(float, int, Exp2Fraction, ScaleByPower, Exp2, Exp)
POWERS(float16, int16, Exp2Fraction16, ScaleByPower16, Exp2s, Exps)
