// EACH(F): F for every row of x that an item multiplies. Included by concatenation before each
// body, after ROWS.
#undef EACH
#if ROWS == 1
#define EACH(F) F(0)
#define MUL_MAT mul_mat_1
#elif ROWS == 4
#define EACH(F) F(0) F(1) F(2) F(3)
#define MUL_MAT mul_mat_4
#else
#define EACH(F) F(0) F(1) F(2) F(3) F(4) F(5) F(6) F(7)
#define MUL_MAT mul_mat_8
#endif
