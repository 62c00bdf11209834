import CKernels

/// A number that tells memory from other memory: of two that differ in one place it never is the same, of any two that
/// differ with a chance of 1 in 2⁶⁴. No defence against somebody who seeks such two. The same on every machine.
public struct Digest: Sendable, Hashable {
  public private(set) var value: UInt64

  public init(seed: UInt64 = 0) { value = seed }

  public mutating func add(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress else { return }
    value = ck_digest(start, bytes.count, value)
  }

  public mutating func add(_ number: UInt64) { withUnsafeBytes(of: number.littleEndian) { add($0) } }
}
