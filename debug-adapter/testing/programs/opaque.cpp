// Types that are only declared here, two of one name; opaque-parts.cpp defines them.

namespace left {
struct Thing;
}
namespace right {
struct Thing;
}

extern left::Thing one;
extern right::Thing two;
left::Thing *first = &one;
right::Thing *second = &two;

extern "C" void _start() {}
