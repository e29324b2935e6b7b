// What C++ has beyond C: namespaces, classes with bases, overloads, templates, references.

typedef unsigned long size_t;

namespace shapes {

enum class Colour : unsigned char { Red = 1, Green = 4 };

struct Base {
  int id;
  Colour colour;
};

class Circle : public Base {
public:
  explicit Circle(int radius);
  int area(int factor) const;
  int area(long factor) const;

private:
  int radius;
};

Circle::Circle(int given) : radius(given) {
  id = 7;
  colour = Colour::Green; // BP: constructor
}

__attribute__((noinline)) int Circle::area(int factor) const {
  return radius * radius * factor; // BP: area-int
}

__attribute__((noinline)) int Circle::area(long factor) const {
  return radius * static_cast<int>(factor); // BP: area-long
}

template <typename T> struct Pair {
  T first;
  T second;
};

template <typename T> __attribute__((noinline)) T larger(const Pair<T> &pair) {
  return pair.first > pair.second ? pair.first : pair.second; // BP: larger
}

int counter = 3;

} // namespace shapes

namespace {
__attribute__((noinline)) int hidden(int &value) {
  value += shapes::counter;
  return value; // BP: hidden
}
} // namespace

volatile int result;

extern "C" void _start() {
  shapes::Circle circle(5);
  result = circle.area(3);
  result = circle.area(3L);
  shapes::Pair<int> ints = {2, 9};
  result = shapes::larger(ints);
  shapes::Pair<char> chars = {'x', 'c'};
  result = shapes::larger(chars);
  int local = result;
  result = hidden(local);
  for (;;)
    __asm__ volatile("wfi");
}

extern "C" void start() {
  __asm__ volatile("ldr x0, =0x40200000\n mov sp, x0\n b _start");
}
