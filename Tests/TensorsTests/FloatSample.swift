/// Finite floats from everywhere, dense where things happen, and every special value; ascending, each once.
let floatSample: [Float] = {
  var values: [Float] = [0, .leastNormalMagnitude, .leastNonzeroMagnitude, .greatestFiniteMagnitude]
  for exponent in -126...127 { values.append(Float(sign: .plus, exponent: exponent, significand: 1)) }
  // Breakpoints: of formulas, of their exponentials' range, and where results vanish or saturate.
  let breakpoints: [Float] = [
    0.5, 0.625, 1, 3, 6, 12, 14, 0.34657359, 1.0397208, 9.010913, 16.635532, 17.328680, 87.33654, 87.33655, 88,
    88.029693, 88.72284, 98.4, 99.1, 103.97208, 128, 10.05, 10.6, 12.9, 13.2, 13.7, 43.66827, 44.7, 0.99, 0.01, 1.2785,
    0.7525, 0.7518, 1.1924, 1.5,
  ]
  for point in breakpoints {
    var (above, below) = (point, point)
    for _ in 0..<40 {
      values += [above, below]
      (above, below) = (above.nextUp, below.nextDown)
    }
  }
  var pattern: UInt32 = 1
  while pattern < Float.infinity.bitPattern {
    values.append(Float(bitPattern: pattern))
    pattern += 9973
  }
  for step in 0..<100_000 { values.append(Float(step) * 0.000_21) }
  values += values.map { -$0 }
  // Sorted as whole numbers: whether subnormal numbers compare depends on the thread's mode.
  return Set(values.map(\.bitPattern)).map(Float.init(bitPattern:)).filter(\.isFinite).sorted { rank($0) < rank($1) }
}()

private func rank(_ x: Float) -> Int { x.sign == .minus ? -Int(x.magnitude.bitPattern) : Int(x.bitPattern) }
