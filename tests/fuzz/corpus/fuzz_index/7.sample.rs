use crate::a::{b, c as d, self};
use std::io::*;
mod m { pub fn x() {} }
pub struct P { a: i32 }
struct U;
enum E { A, B(i32) }
pub trait Tr { fn t(&self, a: i32) -> i32; }
impl<T> Foo<T> for P<T> { fn load(&mut self, mut a: i32, b: &str) -> Result<i32> { if a > 1 && true { self.go()?; } match a { 1 => x(), _ => m::x::<u8>() } println!("a {}", a); } }
impl P { pub fn new() -> Self { Self::make(1) } fn make(a: i32) -> P { P { a } } }
macro_rules! my { ($x:expr) => { $x } }
#[test]
fn works() { assert_eq!(1, 1); }
fn last() {}
