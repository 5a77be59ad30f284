(module
  (memory (export "memory") 16)
  (func (export "numbers") (param $p i32) (param $end i32) (param $out i32) (result i32)
    (local $c i32) (local $v i32) (local $start i32)
    (i32.store offset=4 (i32.const 0) (i32.const 0))
    (block $done
      (loop $value
        (br_if $done (i32.ge_u (local.get $p) (local.get $end)))
        (if (i32.gt_u
              (local.tee $v (i32.sub (i32.load8_u (local.get $p)) (i32.const 48))) (i32.const 9))
          (then
            (if (call $space (local.get $v))
              (then (local.set $p (i32.add (local.get $p) (i32.const 1))) (br $value)))
            (i32.store offset=4 (i32.const 0) (i32.const 3))
            (br $done)))
        (local.set $start (local.get $p))
        (loop $digit
          (if (i32.le_u
                (local.tee $c (i32.sub
                  (i32.load8_u (local.tee $p (i32.add (local.get $p) (i32.const 1)))) (i32.const 48)))
                (i32.const 9))
            (then
              (local.set $v (i32.add (i32.mul (local.get $v) (i32.const 10)) (local.get $c)))
              (br $digit))))
        (if (i32.gt_u (i32.sub (local.get $p) (local.get $start)) (i32.const 9))
          (then
            (local.set $p (local.get $start))
            (i32.store offset=4 (i32.const 0) (i32.const 2))
            (br $done)))
        (loop $after
          (if (i32.eq (local.get $c) (i32.const -4))
            (then
              (i32.store (local.get $out) (local.get $v))
              (local.set $out (i32.add (local.get $out) (i32.const 4)))
              (local.set $p (i32.add (local.get $p) (i32.const 1)))
              (br $value)))
          (if (i32.eq (local.get $c) (i32.const 45))
            (then
              (i32.store (local.get $out) (local.get $v))
              (local.set $out (i32.add (local.get $out) (i32.const 4)))
              (local.set $p (i32.add (local.get $p) (i32.const 1)))
              (i32.store offset=4 (i32.const 0) (i32.const 1))
              (br $done)))
          (if (call $space (local.get $c))
            (then
              (local.set $c (i32.sub
                (i32.load8_u (local.tee $p (i32.add (local.get $p) (i32.const 1)))) (i32.const 48)))
              (br $after)))
          (i32.store offset=4 (i32.const 0) (i32.const 3)))))
    (i32.store (i32.const 0) (local.get $p))
    (local.get $out))

  (func (export "strings") (param $p i32) (param $end i32) (param $out i32) (param $state i32) (result i32)
    (local $c i32)
    (i32.store offset=4 (i32.const 0) (i32.const 0))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $p) (local.get $end)))
        (if (i32.eq (local.get $state) (i32.const 2))
          (then
            (local.set $p (i32.add (local.get $p) (i32.const 1)))
            (local.set $state (i32.const 1))
            (br $next)))
        (if (i32.eq (local.get $state) (i32.const 1))
          (then
            (loop $inside
              (local.set $c (i32.load8_u (local.get $p)))
              (if (i32.eq (local.get $c) (i32.const 34))
                (then
                  (i32.store (local.get $out) (local.get $p))
                  (local.set $out (i32.add (local.get $out) (i32.const 4)))
                  (local.set $p (i32.add (local.get $p) (i32.const 1)))
                  (local.set $state (i32.const 3))
                  (br $next)))
              (if (i32.eq (local.get $c) (i32.const 92))
                (then
                  (local.set $p (i32.add (local.get $p) (i32.const 1)))
                  (local.set $state (i32.const 2))
                  (br $next)))
              (br_if $inside (i32.lt_u
                (local.tee $p (i32.add (local.get $p) (i32.const 1))) (local.get $end))))
            (br $done)))
        (local.set $c (i32.load8_u (local.get $p)))
        (if (call $space (i32.sub (local.get $c) (i32.const 48)))
          (then (local.set $p (i32.add (local.get $p) (i32.const 1))) (br $next)))
        (if (i32.eq (local.get $c) (i32.const 34))
          (then
            (if (i32.ne (local.get $state) (i32.const 3))
              (then
                (i32.store (local.get $out) (local.get $p))
                (local.set $out (i32.add (local.get $out) (i32.const 4)))
                (local.set $p (i32.add (local.get $p) (i32.const 1)))
                (local.set $state (i32.const 1))
                (br $next)))))
        (if (i32.eq (local.get $c) (i32.const 44))
          (then
            (if (i32.eq (local.get $state) (i32.const 3))
              (then
                (local.set $p (i32.add (local.get $p) (i32.const 1)))
                (local.set $state (i32.const 4))
                (br $next)))))
        (if (i32.eq (local.get $c) (i32.const 93))
          (then
            (if (i32.ne (local.get $state) (i32.const 4))
              (then
                (local.set $p (i32.add (local.get $p) (i32.const 1)))
                (i32.store offset=4 (i32.const 0) (i32.const 1))
                (br $done)))))
        (i32.store offset=4 (i32.const 0) (i32.const 3))))
    (i32.store (i32.const 0) (local.get $p))
    (i32.store offset=8 (i32.const 0) (local.get $state))
    (local.get $out))

  (func $space (param $c i32) (result i32)
    (i32.or
      (i32.or (i32.eq (local.get $c) (i32.const -16)) (i32.eq (local.get $c) (i32.const -38)))
      (i32.or (i32.eq (local.get $c) (i32.const -35)) (i32.eq (local.get $c) (i32.const -39))))))
