import Foundation

/// The standard normal deviate that a share `probability` of all lies below; relative error below 1.2e−9.
///
/// - Parameter probability: In 0 … 1, without the ends.
/// - Source: Acklam 2003, "An algorithm for computing the inverse normal cumulative distribution function".
func normalQuantile(_ probability: Double) -> Double {
  let a = [
    -3.969683028665376e+01, 2.209460984245205e+02, -2.759285104469687e+02, 1.383577518672690e+02,
    -3.066479806614716e+01, 2.506628277459239e+00,
  ]
  let b = [
    -5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02, 6.680131188771972e+01,
    -1.328068155288572e+01,
  ]
  let c = [
    -7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00, -2.549732539343734e+00,
    4.374664141464968e+00, 2.938163982698783e+00,
  ]
  let d = [7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00, 3.754408661907416e+00]
  func tail(_ p: Double) -> Double {
    let q = (-2 * log(p)).squareRoot()
    return polynomial(c, q) / (polynomial(d, q) * q + 1)
  }
  if probability < 0.02425 { return tail(probability) }
  if probability > 1 - 0.02425 { return -tail(1 - probability) }
  let q = probability - 0.5
  let r = q * q
  return polynomial(a, r) * q / (polynomial(b, r) * r + 1)
}

/// The highest power's coefficient first.
private func polynomial(_ coefficients: [Double], _ x: Double) -> Double { coefficients.reduce(0) { $0 * x + $1 } }
