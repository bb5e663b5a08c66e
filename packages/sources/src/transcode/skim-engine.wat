;; The fast way from CSV to tuples, for skim-engine.ts. `pnpm wasm` compiles it into skim-engine-wasm.ts.
;;
;; `find` tells where structure is in the text, `encode` turns the records between into tuples of a binary COPY. It does the
;; same as the loops of record-skimmer.ts and the encoders beside it, for the spellings that reports are full of; a field of
;; another spelling or type is written by $other, which is those encoders. It stops at a record that is not sound.
(module
  ;; A field that is neither a text nor of a spelling known here, its value to be written at `at`: where it ends, or -1.
  (import "js" "other" (func $other (param $code i32) (param $from i32) (param $end i32) (param $at i32) (result i32)))

  ;; 0x00000  the text, 64 KiB, with 64 bytes behind it that are no structure
  ;; 0x11000  of the fields of a record: 1,024 starts, 0x12000 ends, 0x13000 kinds (0 plain, 1 quoted, 2 with doubled quotes)
  ;; 0x14000  of the fields of a tuple: positions in the record, 0x15000 type codes, 0x16000 whether a blank is an empty text
  ;; 0x20000  places of structure, 64 Ki
  ;; 0x60000  tuples, 256 KiB; copying writes up to 15 bytes behind them
  ;; All numbers in tables are 32-bit integers.
  (memory (export "memory") 11)
  (global $tuples_end i32 (i32.const 0xa0000))

  ;; The shape of a tuple, set by the caller.
  (global $field_count (export "fieldCount") (mut i32) (i32.const 0))
  (global $width (export "width") (mut i32) (i32.const 0))
  (global $part_no (export "partNo") (mut i32) (i32.const -1)) ;; -1 for none
  (global $overhead (export "overhead") (mut i32) (i32.const 0)) ;; most that a tuple takes beyond its text
  (global $longest_key (export "longestKey") (mut i32) (i32.const 0))

  ;; How far `encode` came.
  (global $at (export "at") (mut i32) (i32.const 0)) ;; the record that comes next
  (global $next_place (export "nextPlace") (mut i32) (i32.const 0))
  (global $lines (export "lines") (mut i32) (i32.const 0)) ;; line ends passed
  (global $out (export "end") (mut i32) (i32.const 0)) ;; where the tuples end

  ;; What $scan found.
  (global $found (mut i32) (i32.const 0))
  (global $record_end (mut i32) (i32.const 0))
  (global $line_feeds (mut i32) (i32.const 0)) ;; inside quotes

  ;; No number and no time is this one: the smallest 64-bit integer.
  (global $none i64 (i64.const 0x8000000000000000))

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

  ;; Writes the place of each, and gives how many there are.
  (func (export "find") (param $length i32) (result i32)
    (local $at i32)
    (local $to i32)
    (local $bits i64)
    (local.set $to (i32.const 0x20000))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $length)))
        (local.set $bits
          (i64.or
            (i64.or
              (i64.extend_i32_u (call $match (local.get $at)))
              (i64.shl (i64.extend_i32_u (call $match (i32.add (local.get $at) (i32.const 16)))) (i64.const 16)))
            (i64.or
              (i64.shl (i64.extend_i32_u (call $match (i32.add (local.get $at) (i32.const 32)))) (i64.const 32))
              (i64.shl (i64.extend_i32_u (call $match (i32.add (local.get $at) (i32.const 48)))) (i64.const 48)))))
        (block $none
          (loop $each
            (br_if $none (i64.eqz (local.get $bits)))
            (i32.store (local.get $to) (i32.add (local.get $at) (i32.wrap_i64 (i64.ctz (local.get $bits)))))
            (local.set $to (i32.add (local.get $to) (i32.const 4)))
            (local.set $bits (i64.and (local.get $bits) (i64.sub (local.get $bits) (i64.const 1))))
            (br $each)))
        (local.set $at (i32.add (local.get $at) (i32.const 64)))
        (br $next)))
    (i32.shr_u (i32.sub (local.get $to) (i32.const 0x20000)) (i32.const 2)))

  ;; Finds the fields of the record at `start`; 0 when it has no end in the text, or is not sound.
  (func $scan (param $start i32) (param $place_count i32) (result i32)
    (local $count i32)
    (local $next i32)
    (local $end i32)
    (local $kind i32)
    (local $at i32)
    (local $byte i32)
    (local $line_feed_count i32)
    (local $entry i32)
    (local.set $next (global.get $next_place))
    (loop $field
      (local.set $kind (i32.const 0))
      (if (i32.eq (i32.load8_u (local.get $start)) (i32.const 34))
        (then
          (local.set $kind (i32.const 1))
          (local.set $start (i32.add (local.get $start) (i32.const 1)))
          (local.set $next (i32.add (local.get $next) (i32.const 1)))
          (block $closed
            (loop $inside
              (if (i32.ge_u (local.get $next) (local.get $place_count)) (then (return (i32.const 0))))
              (local.set $end (call $place (local.get $next)))
              (local.set $next (i32.add (local.get $next) (i32.const 1)))
              (local.set $byte (i32.load8_u (local.get $end)))
              (if (i32.eq (local.get $byte) (i32.const 34))
                (then
                  (br_if $closed (i32.ne (i32.load8_u offset=1 (local.get $end)) (i32.const 34)))
                  (local.set $kind (i32.const 2))
                  (local.set $next (i32.add (local.get $next) (i32.const 1)))))
              (local.set $line_feed_count
                (i32.add (local.get $line_feed_count) (i32.eq (local.get $byte) (i32.const 10))))
              (br $inside)))
          (if (i32.ge_u (local.get $next) (local.get $place_count)) (then (return (i32.const 0))))
          (local.set $at (i32.add (local.get $end) (i32.const 1)))
          ;; CR LF
          (if (i32.eq (i32.load16_u (local.get $at)) (i32.const 0x0a0d))
            (then (local.set $at (i32.add (local.get $at) (i32.const 1)))))
          (local.set $byte (i32.load8_u (local.get $at)))
          (if (i32.and (i32.ne (local.get $byte) (i32.const 44)) (i32.ne (local.get $byte) (i32.const 10)))
            (then (return (i32.const 0))))
          (local.set $next (i32.add (local.get $next) (i32.const 1))))
        (else
          ;; a quote inside a field that does not begin with one is an ordinary character
          (loop $to_separator
            (if (i32.ge_u (local.get $next) (local.get $place_count)) (then (return (i32.const 0))))
            (local.set $at (call $place (local.get $next)))
            (local.set $next (i32.add (local.get $next) (i32.const 1)))
            (local.set $byte (i32.load8_u (local.get $at)))
            (br_if $to_separator (i32.eq (local.get $byte) (i32.const 34))))
          (local.set $end (local.get $at))
          (if (i32.and (i32.eq (local.get $byte) (i32.const 10)) (i32.gt_u (local.get $at) (local.get $start)))
            (then
              (local.set $end
                (i32.sub
                  (local.get $at)
                  (i32.eq (i32.load8_u (i32.sub (local.get $at) (i32.const 1))) (i32.const 13))))))))
      (if (i32.lt_u (local.get $count) (global.get $field_count))
        (then
          (local.set $entry (i32.shl (local.get $count) (i32.const 2)))
          (i32.store offset=0x11000 (local.get $entry) (local.get $start))
          (i32.store offset=0x12000 (local.get $entry) (local.get $end))
          (i32.store offset=0x13000 (local.get $entry) (local.get $kind))))
      (local.set $count (i32.add (local.get $count) (i32.const 1)))
      (local.set $start (i32.add (local.get $at) (i32.const 1)))
      (br_if $field (i32.eq (local.get $byte) (i32.const 44))))
    (global.set $next_place (local.get $next))
    (global.set $found (local.get $count))
    (global.set $record_end (local.get $at))
    (global.set $line_feeds (local.get $line_feed_count))
    (i32.const 1))

  (func $place (param $index i32) (result i32)
    (i32.load offset=0x20000 (i32.shl (local.get $index) (i32.const 2))))

  ;; Writes a 32-bit integer, highest byte first.
  (func $write32 (param $at i32) (param $value i32)
    (i32.store
      (local.get $at)
      (i32.or
        (i32.and (i32.rotl (local.get $value) (i32.const 8)) (i32.const 0x00ff00ff))
        (i32.and (i32.rotr (local.get $value) (i32.const 8)) (i32.const 0xff00ff00)))))

  ;; Writes a 64-bit integer, highest byte first.
  (func $write64 (param $at i32) (param $value i64)
    (v128.store64_lane 0
      (local.get $at)
      (i8x16.shuffle 7 6 5 4 3 2 1 0 7 6 5 4 3 2 1 0
        (i64x2.splat (local.get $value))
        (i64x2.splat (local.get $value)))))

  ;; Copies the text from `from` to `end`, which is not empty; gives where the copy ends. Up to 15 more bytes are written.
  (func $copy (param $from i32) (param $end i32) (param $to i32) (result i32)
    (local $stop i32)
    (local.set $stop (i32.add (local.get $to) (i32.sub (local.get $end) (local.get $from))))
    (loop $next
      (v128.store (local.get $to) (v128.load (local.get $from)))
      (local.set $from (i32.add (local.get $from) (i32.const 16)))
      (local.set $to (i32.add (local.get $to) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $to) (local.get $stop))))
    (local.get $stop))

  ;; The same, with one quote for two.
  (func $copy_quoted (param $from i32) (param $end i32) (param $to i32) (result i32)
    (local $byte i32)
    (loop $next
      (local.set $byte (i32.load8_u (local.get $from)))
      (i32.store8 (local.get $to) (local.get $byte))
      (local.set $to (i32.add (local.get $to) (i32.const 1)))
      (local.set $from
        (i32.add (local.get $from) (i32.add (i32.const 1) (i32.eq (local.get $byte) (i32.const 34)))))
      (br_if $next (i32.lt_u (local.get $from) (local.get $end))))
    (local.get $to))

  ;; Up to 15 digits with an optional sign; $none for anything else.
  (func $integer (param $from i32) (param $end i32) (result i64)
    (local $first i32)
    (local $digit i32)
    (local $value i64)
    (local.set $first (i32.load8_u (local.get $from)))
    (if (i32.or (i32.eq (local.get $first) (i32.const 45)) (i32.eq (local.get $first) (i32.const 43)))
      (then (local.set $from (i32.add (local.get $from) (i32.const 1)))))
    ;; of no digit this is the greatest number there is
    (if (i32.gt_u (i32.sub (i32.sub (local.get $end) (local.get $from)) (i32.const 1)) (i32.const 14))
      (then (return (global.get $none))))
    (loop $next
      (local.set $digit (i32.sub (i32.load8_u (local.get $from)) (i32.const 48)))
      (if (i32.gt_u (local.get $digit) (i32.const 9)) (then (return (global.get $none))))
      (local.set $value
        (i64.add (i64.mul (local.get $value) (i64.const 10)) (i64.extend_i32_u (local.get $digit))))
      (local.set $from (i32.add (local.get $from) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $from) (local.get $end))))
    (if (result i64) (i32.eq (local.get $first) (i32.const 45))
      (then (i64.sub (i64.const 0) (local.get $value)))
      (else (local.get $value))))

  ;; The number of two digits, or a negative one.
  (func $two_digits (param $at i32) (result i32)
    (local $tens i32)
    (local $ones i32)
    (local.set $tens (i32.sub (i32.load8_u (local.get $at)) (i32.const 48)))
    (local.set $ones (i32.sub (i32.load8_u offset=1 (local.get $at)) (i32.const 48)))
    (select
      (i32.add (i32.mul (local.get $tens) (i32.const 10)) (local.get $ones))
      (i32.const -1)
      (i32.and (i32.le_u (local.get $tens) (i32.const 9)) (i32.le_u (local.get $ones) (i32.const 9)))))

  ;; Days since 2000-01-01 of a day that may not exist: then -1,000,000.
  (func $day (param $year i32) (param $month i32) (param $day i32) (result i32)
    (local $is_leap i32)
    (local $days i32)
    (local $era i32)
    (if (i32.or (i32.eqz (local.get $year)) (i32.gt_u (i32.sub (local.get $month) (i32.const 1)) (i32.const 11)))
      (then (return (i32.const -1000000))))
    (local.set $is_leap
      (i32.or
        (i32.eqz (i32.rem_u (local.get $year) (i32.const 400)))
        (i32.and
          (i32.eqz (i32.and (local.get $year) (i32.const 3)))
          (i32.ne (i32.rem_u (local.get $year) (i32.const 100)) (i32.const 0)))))
    ;; months of 30 days are a bit each; February is by itself
    (local.set $days
      (select
        (i32.add (i32.const 28) (local.get $is_leap))
        (i32.sub (i32.const 31) (i32.and (i32.shr_u (i32.const 0xa50) (local.get $month)) (i32.const 1)))
        (i32.eq (local.get $month) (i32.const 2))))
    (if (i32.ge_u (i32.sub (local.get $day) (i32.const 1)) (local.get $days)) (then (return (i32.const -1000000))))
    ;; a calendar that begins in March, so that the leap day is the last one
    (if (i32.gt_u (local.get $month) (i32.const 2))
      (then (local.set $month (i32.sub (local.get $month) (i32.const 3))))
      (else
        (local.set $month (i32.add (local.get $month) (i32.const 9)))
        (local.set $year (i32.sub (local.get $year) (i32.const 1)))))
    (local.set $era (i32.div_u (local.get $year) (i32.const 400)))
    (local.set $year (i32.rem_u (local.get $year) (i32.const 400)))
    (local.set $days
      (i32.add
        (i32.div_u (i32.add (i32.mul (local.get $month) (i32.const 153)) (i32.const 2)) (i32.const 5))
        (i32.sub (local.get $day) (i32.const 1))))
    (local.set $days
      (i32.add
        (local.get $days)
        (i32.sub
          (i32.add
            (i32.mul (local.get $year) (i32.const 365))
            (i32.div_u (local.get $year) (i32.const 4)))
          (i32.div_u (local.get $year) (i32.const 100)))))
    ;; 719,468 days from the first of March of the year 0 to 1970-01-01, and 10,957 more
    (i32.sub (i32.add (i32.mul (local.get $era) (i32.const 146097)) (local.get $days)) (i32.const 730425)))

  ;; `YYYY-MM-DD[ T]hh:mm:ss[.ffffff][Z| UTC]` in microseconds since 2000-01-01; $none for anything else.
  (func $time (param $from i32) (param $end i32) (result i64)
    (local $century i32)
    (local $year i32)
    (local $month i32)
    (local $day i32)
    (local $hour i32)
    (local $minute i32)
    (local $second i32)
    (local $at i32)
    (local $digit i32)
    (local $scale i32)
    (local $fraction i32)
    (local $byte i32)
    (if (i32.lt_u (i32.sub (local.get $end) (local.get $from)) (i32.const 19)) (then (return (global.get $none))))
    (if
      (i32.or
        (i32.or
          (i32.ne (i32.load8_u offset=4 (local.get $from)) (i32.const 45))
          (i32.ne (i32.load8_u offset=7 (local.get $from)) (i32.const 45)))
        (i32.or
          (i32.ne (i32.load8_u offset=13 (local.get $from)) (i32.const 58))
          (i32.ne (i32.load8_u offset=16 (local.get $from)) (i32.const 58))))
      (then (return (global.get $none))))
    (local.set $byte (i32.load8_u offset=10 (local.get $from)))
    (if
      (i32.and
        (i32.ne (i32.or (local.get $byte) (i32.const 32)) (i32.const 116))
        (i32.ne (local.get $byte) (i32.const 32)))
      (then (return (global.get $none))))
    (local.set $century (call $two_digits (local.get $from)))
    (local.set $year (call $two_digits (i32.add (local.get $from) (i32.const 2))))
    (local.set $month (call $two_digits (i32.add (local.get $from) (i32.const 5))))
    (local.set $day (call $two_digits (i32.add (local.get $from) (i32.const 8))))
    (local.set $hour (call $two_digits (i32.add (local.get $from) (i32.const 11))))
    (local.set $minute (call $two_digits (i32.add (local.get $from) (i32.const 14))))
    (local.set $second (call $two_digits (i32.add (local.get $from) (i32.const 17))))
    (if
      (i32.or
        (i32.or
          (i32.lt_s (i32.or (local.get $century) (local.get $year)) (i32.const 0))
          (i32.lt_s (i32.or (local.get $month) (local.get $day)) (i32.const 0)))
        (i32.or
          (i32.gt_u (local.get $hour) (i32.const 23))
          (i32.or (i32.gt_u (local.get $minute) (i32.const 59)) (i32.gt_u (local.get $second) (i32.const 59)))))
      (then (return (global.get $none))))
    (local.set $day
      (call $day
        (i32.add (i32.mul (local.get $century) (i32.const 100)) (local.get $year))
        (local.get $month)
        (local.get $day)))
    (if (i32.eq (local.get $day) (i32.const -1000000)) (then (return (global.get $none))))
    (local.set $at (i32.add (local.get $from) (i32.const 19)))
    (if (i32.and (i32.lt_u (local.get $at) (local.get $end)) (i32.eq (i32.load8_u (local.get $at)) (i32.const 46)))
      (then
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (local.set $scale (i32.const 1000000))
        (block $done
          (loop $next
            (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
            (local.set $digit (i32.sub (i32.load8_u (local.get $at)) (i32.const 48)))
            (br_if $done (i32.gt_u (local.get $digit) (i32.const 9)))
            ;; a seventh digit has to be rounded
            (if (i32.eq (local.get $scale) (i32.const 1)) (then (return (global.get $none))))
            (local.set $scale (i32.div_u (local.get $scale) (i32.const 10)))
            (local.set $fraction
              (i32.add (local.get $fraction) (i32.mul (local.get $digit) (local.get $scale))))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br $next)))
        (if (i32.eq (local.get $scale) (i32.const 1000000)) (then (return (global.get $none))))))
    (if
      (i32.eqz
        (i32.or
          (i32.eq (local.get $at) (local.get $end))
          (i32.or
            (i32.and
              (i32.eq (i32.sub (local.get $end) (local.get $at)) (i32.const 1))
              (i32.eq (i32.or (i32.load8_u (local.get $at)) (i32.const 32)) (i32.const 122)))
            (i32.and
              (i32.eq (i32.sub (local.get $end) (local.get $at)) (i32.const 4))
              (i32.eq (i32.load (local.get $at)) (i32.const 0x43545520))))))
      (then (return (global.get $none))))
    (i64.add
      (i64.mul
        (i64.add
          (i64.mul (i64.extend_i32_s (local.get $day)) (i64.const 86400))
          (i64.extend_i32_u
            (i32.add
              (i32.mul (i32.add (i32.mul (local.get $hour) (i32.const 60)) (local.get $minute)) (i32.const 60))
              (local.get $second))))
        (i64.const 1000000))
      (i64.extend_i32_u (local.get $fraction))))

  ;; Writes the length and the value of a field that is not blank; gives where they end, or -1.
  (func $write_field (param $code i32) (param $kind i32) (param $from i32) (param $end i32) (param $at i32) (result i32)
    (local $to i32)
    (local $number i64)
    (local.set $to (i32.add (local.get $at) (i32.const 4)))
    (block $written
      (if (i32.eqz (local.get $code))
        (then
          (local.set $to
            (if (result i32) (i32.eq (local.get $kind) (i32.const 2))
              (then (call $copy_quoted (local.get $from) (local.get $end) (local.get $to)))
              (else (call $copy (local.get $from) (local.get $end) (local.get $to)))))
          (br $written)))
      ;; a number with a quote in it is for the exact way to refuse
      (if (i32.eq (local.get $kind) (i32.const 2)) (then (return (i32.const -1))))
      (block $other
        (if (i32.le_u (local.get $code) (i32.const 2))
          (then
            (local.set $number (call $integer (local.get $from) (local.get $end)))
            (br_if $other (i64.eq (local.get $number) (global.get $none)))
            (if (i32.eq (local.get $code) (i32.const 2))
              (then
                (br_if $other
                  (i64.ne (local.get $number) (i64.extend32_s (local.get $number))))
                (call $write32 (local.get $to) (i32.wrap_i64 (local.get $number)))
                (local.set $to (i32.add (local.get $to) (i32.const 4)))
                (br $written))))
          (else
            (br_if $other (i32.ne (local.get $code) (i32.const 5)))
            (local.set $number (call $time (local.get $from) (local.get $end)))
            (br_if $other (i64.eq (local.get $number) (global.get $none)))))
        (call $write64 (local.get $to) (local.get $number))
        (local.set $to (i32.add (local.get $to) (i32.const 8)))
        (br $written))
      (local.set $to (call $other (local.get $code) (local.get $from) (local.get $end) (local.get $to)))
      (if (i32.eq (local.get $to) (i32.const -1)) (then (return (i32.const -1)))))
    (call $write32 (local.get $at) (i32.sub (i32.sub (local.get $to) (local.get $at)) (i32.const 4)))
    (local.get $to))

  ;; Writes the record that was scanned; gives where its tuple ends, or -1 when one of its fields is doubtful.
  (func $write_tuple (param $row_no i64) (param $at i32) (result i32)
    (local $index i32)
    (local $stop i32)
    (local $field i32)
    (local $from i32)
    (local $end i32)
    (local $blank_is_text i32)
    (local $count i32)
    ;; number of fields, the part's number when wanted, row_no
    (local.set $count
      (i32.add (global.get $width) (select (i32.const 1) (i32.const 2) (i32.lt_s (global.get $part_no) (i32.const 0)))))
    (i32.store8 (local.get $at) (i32.shr_u (local.get $count) (i32.const 8)))
    (i32.store8 offset=1 (local.get $at) (local.get $count))
    (local.set $at (i32.add (local.get $at) (i32.const 2)))
    (if (i32.ge_s (global.get $part_no) (i32.const 0))
      (then
        (call $write32 (local.get $at) (i32.const 4))
        (call $write32 (i32.add (local.get $at) (i32.const 4)) (global.get $part_no))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))))
    (call $write32 (local.get $at) (i32.const 8))
    (call $write64 (i32.add (local.get $at) (i32.const 4)) (local.get $row_no))
    (local.set $at (i32.add (local.get $at) (i32.const 12)))
    (local.set $stop (i32.shl (global.get $width) (i32.const 2)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $index) (local.get $stop)))
        (local.set $field (i32.shl (i32.load offset=0x14000 (local.get $index)) (i32.const 2)))
        (local.set $from (i32.load offset=0x11000 (local.get $field)))
        (local.set $end (i32.load offset=0x12000 (local.get $field)))
        (local.set $blank_is_text (i32.load offset=0x16000 (local.get $index)))
        (if (i32.eq (local.get $from) (local.get $end))
          (then
            ;; the length 0, or -1, which is NULL
            (i32.store (local.get $at) (i32.sub (local.get $blank_is_text) (i32.const 1)))
            (local.set $at (i32.add (local.get $at) (i32.const 4))))
          (else
            ;; a key that may be too long for an index is for the exact way to refuse
            (if
              (i32.and
                (local.get $blank_is_text)
                (i32.gt_u (i32.sub (local.get $end) (local.get $from)) (global.get $longest_key)))
              (then (return (i32.const -1))))
            (local.set $at
              (call $write_field
                (i32.load offset=0x15000 (local.get $index))
                (i32.load offset=0x13000 (local.get $field))
                (local.get $from)
                (local.get $end)
                (local.get $at)))
            (if (i32.eq (local.get $at) (i32.const -1)) (then (return (i32.const -1))))))
        (local.set $index (i32.add (local.get $index) (i32.const 4)))
        (br $next)))
    (local.get $at))

  ;; Turns the records from $at to `limit` into tuples, as far as they are sound and there is room; gives how many. `row_no` is
  ;; the ordinal of the record in front of them. What comes next stands in $at, $next_place and $lines.
  (func (export "encode") (param $limit i32) (param $place_count i32) (param $row_no f64) (result i32)
    (local $rows i32)
    (local $end i32)
    (local $to i32)
    (local $first_place i32)
    (global.set $out (i32.const 0x60000))
    (global.set $lines (i32.const 0))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (global.get $at) (local.get $limit)))
        (local.set $first_place (global.get $next_place))
        (br_if $done (i32.eqz (call $scan (global.get $at) (local.get $place_count))))
        (local.set $end (global.get $record_end))
        ;; a blank line is no record
        (if
          (i32.eqz
            (i32.or
              (i32.eq (local.get $end) (global.get $at))
              (i32.and
                (i32.eq (local.get $end) (i32.add (global.get $at) (i32.const 1)))
                (i32.eq (i32.load8_u (global.get $at)) (i32.const 13)))))
          (then
            (local.set $to (i32.const -1))
            (if
              (i32.and
                (i32.eq (global.get $found) (global.get $field_count))
                (i32.le_u
                  (i32.add (i32.sub (local.get $end) (global.get $at)) (global.get $overhead))
                  (i32.sub (global.get $tuples_end) (global.get $out))))
              (then
                (local.set $to
                  (call $write_tuple
                    (i64.add
                      (i64.trunc_f64_s (local.get $row_no))
                      (i64.extend_i32_u (i32.add (local.get $rows) (i32.const 1))))
                    (global.get $out)))))
            (if (i32.eq (local.get $to) (i32.const -1))
              (then
                (global.set $next_place (local.get $first_place))
                (br $done)))
            (global.set $out (local.get $to))
            (local.set $rows (i32.add (local.get $rows) (i32.const 1)))))
        (global.set $lines (i32.add (global.get $lines) (i32.add (i32.const 1) (global.get $line_feeds))))
        (global.set $at (i32.add (local.get $end) (i32.const 1)))
        (br $next)))
    (local.get $rows)))
