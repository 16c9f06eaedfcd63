#include "backends/fake/fake.h"

extern "C" __attribute__((visibility("default"))) const motley::BackendEntry motley_backend = {
    motley::kBackendAbi, [] { return motley::MakeFakeBackend().release(); }};
