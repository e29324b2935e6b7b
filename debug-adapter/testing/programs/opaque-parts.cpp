// The types that opaque.cpp has only declared, and a template within a template.

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

template <typename T> struct Box {
  T inside;
  template <typename U> U with(U more) { return more + inside; }
};
template long Box<int>::with<long>(long more);
