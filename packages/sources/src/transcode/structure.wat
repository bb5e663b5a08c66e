;; Finds the bytes that give CSV its structure, for structure.ts. `pnpm wasm` compiles it into structure-wasm.ts.
(module
  ;; 0 to 65,535: the text, with 64 bytes behind it that are no structure. From 131,072 on: where structure is.
  (memory (export "memory") 6)

  ;; 16 bytes at `at`: a bit for each that is a comma, a line feed or a quote
  (func $match (param $at i32) (result i32)
    (local $bytes v128)
    (local.set $bytes (v128.load (local.get $at)))
    (i8x16.bitmask
      (v128.or
        (v128.or
          (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 44)))
          (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 10))))
        (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 34))))))

  ;; Writes the place of each, as 32-bit integers, and gives how many there are.
  (func (export "find") (param $length i32) (result i32)
    (local $at i32)
    (local $out i32)
    (local $found i64)
    (local.set $out (i32.const 131072))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $length)))
        (local.set $found
          (i64.or
            (i64.or
              (i64.extend_i32_u (call $match (local.get $at)))
              (i64.shl (i64.extend_i32_u (call $match (i32.add (local.get $at) (i32.const 16)))) (i64.const 16)))
            (i64.or
              (i64.shl (i64.extend_i32_u (call $match (i32.add (local.get $at) (i32.const 32)))) (i64.const 32))
              (i64.shl (i64.extend_i32_u (call $match (i32.add (local.get $at) (i32.const 48)))) (i64.const 48)))))
        (block $none
          (loop $each
            (br_if $none (i64.eqz (local.get $found)))
            (i32.store
              (local.get $out)
              (i32.add (local.get $at) (i32.wrap_i64 (i64.ctz (local.get $found)))))
            (local.set $out (i32.add (local.get $out) (i32.const 4)))
            (local.set $found (i64.and (local.get $found) (i64.sub (local.get $found) (i64.const 1))))
            (br $each)))
        (local.set $at (i32.add (local.get $at) (i32.const 64)))
        (br $next)))
    (i32.shr_u (i32.sub (local.get $out) (i32.const 131072)) (i32.const 2))))
