// What Rust has beyond C: crates and modules, traits, enumerations with data, slices, strings, options.
// `scripts/guests.mjs` makes shapes.elf of it.

#![no_std]
#![no_main]

use core::arch::{asm, global_asm};

global_asm!(
    ".section .text.start, \"ax\"",
    ".globl _start",
    "_start:",
    "ldr x0, =0x40200000",
    "mov sp, x0",
    // FP and AdvSIMD registers are not trapped: compiled code copies with them.
    "mov x0, #0x300000",
    "msr cpacr_el1, x0",
    "isb",
    "b main",
);

pub mod geometry {
    #[derive(Clone, Copy)]
    pub struct Point {
        pub x: i32,
        pub y: i32,
    }

    pub enum Shape {
        Empty,
        Circle(u32),
        Line { from: Point, to: Point },
    }

    pub trait Area {
        fn area(&self, factor: u32) -> u32;
    }

    impl Area for Shape {
        #[inline(never)]
        fn area(&self, factor: u32) -> u32 {
            let area = match self {
                Shape::Empty => 0,
                Shape::Circle(radius) => 3 * radius * radius,
                Shape::Line { .. } => 1,
            };
            area * factor // BP: area
        }
    }

    impl Point {
        #[inline(never)]
        pub fn moved(self, by: i32) -> Point {
            let x = self.x + by;
            Point { x, y: self.y } // BP: moved
        }
    }
}

use geometry::{Area, Point, Shape};

static mut RESULT: u32 = 0;

#[inline(never)]
fn sum(values: &[u16], name: &str, first: Option<u32>, last: Option<&Point>) -> u32 {
    let mut total = first.unwrap_or(0);
    for value in values {
        total += *value as u32;
    }
    total += name.len() as u32; // BP: sum
    match last {
        Some(point) => total + point.x as u32,
        None => total,
    }
}

#[inline(never)]
fn larger<T: PartialOrd + Copy>(left: T, right: T) -> T {
    let result = if left > right { left } else { right };
    result // BP: larger
}

#[no_mangle]
pub extern "C" fn main() -> ! {
    let numbers: [u16; 4] = [1, 2, 3, 400];
    let point = Point { x: -1, y: 2 }.moved(5);
    let line = Shape::Line { from: Point { x: 0, y: 0 }, to: point };
    let circle = Shape::Circle(7);
    let shapes = [circle, line, Shape::Empty];
    let letter = 'é';
    let pair = (true, 2.5f64);
    let mut result = 0;
    for shape in &shapes {
        result += shape.area(2); // BP: loop
    }
    let [_, tail @ ..] = &numbers;
    result += sum(tail, "grüße", Some(9), None);
    result += sum(&numbers, "", None, Some(&point));
    result += larger(result, 3) + larger(letter, 'a') as u32 + larger(pair.1, 1.0) as u32 + pair.0 as u32;
    unsafe { RESULT = result };
    loop {
        unsafe { asm!("wfi") }; // BP: end
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}
