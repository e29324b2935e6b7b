// The types that opaque.cpp has only declared.

namespace left {
struct Thing {
  int small;
};
} // namespace left
namespace right {
struct Thing {
  long large[4];
};
} // namespace right

left::Thing one;
right::Thing two;
