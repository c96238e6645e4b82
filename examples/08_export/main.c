// Calls the exported layer from C, in every variant that this processor can run.
#include <dense_layer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 60, COLUMNS = 100, DEPTH = 80 };

static float X[ROWS][DEPTH], W[DEPTH][COLUMNS], b[COLUMNS], Y[ROWS][COLUMNS];

// Small integers: sums of their products are exact, in whatever order they are added.
static void fill(float* to, int count) {
  for (int at = 0; at < count; ++at) to[at] = (float)((at * 7 + at / 11) % 5 - 2);
}

static int wrong_elements(void) {
  int wrong = 0;
  for (int i = 0; i < ROWS; ++i)
    for (int j = 0; j < COLUMNS; ++j) {
      float sum = 0;
      for (int k = 0; k < DEPTH; ++k) sum += X[i][k] * W[k][j];
      const float wanted = sum + b[j] > 0 ? sum + b[j] : 0;
      wrong += Y[i][j] != wanted;
    }
  return wrong;
}

int main(void) {
  fill(&X[0][0], ROWS * DEPTH);
  fill(&W[0][0], DEPTH * COLUMNS);
  fill(b, COLUMNS);
  const char* const variants[] = {"sse2", "avx2", "avx512"};
  int worked = 0;
  for (int at = 0; at < 3; ++at) {
    if (dense_layer_use(variants[at]) != 0) {
      printf("%s: not on this processor\n", variants[at]);
      continue;
    }
    dense_layer_bound* const layer = dense_layer_bind(&W[0][0]);  // packs the weights once
    if (layer == NULL) return EXIT_FAILURE;
    for (int call = 0; call < 2; ++call) {
      memset(Y, -1, sizeof Y);  // not a number
      if (dense_layer(layer, &X[0][0], b, &Y[0][0]) != 0 || wrong_elements() != 0) {
        printf("%s: %d elements are wrong\n", variants[at], wrong_elements());
        return EXIT_FAILURE;
      }
    }
    dense_layer_release(layer);
    printf("%s: right\n", dense_layer_variant());
    ++worked;
  }
  return worked > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
