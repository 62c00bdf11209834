import CKernels

/// The learner's inner loops at one CPU level. All levels give the same bits; they differ in speed only.
public struct Kernels: @unchecked Sendable {  // the table is constant memory of the program
  public enum Level: String, Sendable, Hashable, CaseIterable {
    /// One float at a time: the reference.
    case scalar
    /// Any x86-64 (SSE2, emulated fused multiply-add) or NEON.
    case baseline
    /// AVX2 and FMA.
    case fma256
    /// AVX-512.
    case fma512
  }

  public let level: Level
  let table: UnsafePointer<ck_kernels>
  /// Floats of one vector.
  package var width: Int { Int(table.pointee.width) }

  /// nil where this CPU lacks the level.
  public init?(level: Level) {
    guard let table = ck_kernels_at(level.code) else { return nil }
    self.level = level
    self.table = table
  }

  /// The levels of this CPU, slowest first.
  public static var available: [Kernels] { Level.allCases.compactMap(Kernels.init(level:)) }

  /// What learners and predictors use: the one that the environment's `RETRAIN_CPU_LEVEL` names, else the fastest. Ends
  /// the process where that names none that this CPU has.
  public static let active: Kernels = {
    guard let name = ck_wanted_level() else { return available[available.count - 1] }
    do throws(KernelLevelError) {
      return try named(String(cString: name))
    } catch {
      fatalError("RETRAIN_CPU_LEVEL: \(error)")
    }
  }()

  /// - Parameter name: A level's.
  /// - Throws: `KernelLevelError` where there is no such level, or this CPU lacks it.
  package static func named(_ name: String) throws(KernelLevelError) -> Kernels {
    guard let level = Level(rawValue: name) else {
      let known = Level.allCases.map(\.rawValue).joined(separator: ", ")
      throw KernelLevelError(description: "'\(name)' is no CPU level; there are \(known)")
    }
    guard let kernels = Kernels(level: level) else {
      throw KernelLevelError(description: "this CPU lacks the level '\(name)'")
    }
    return kernels
  }
}

/// A CPU level that cannot be had.
package struct KernelLevelError: Error, CustomStringConvertible {
  package let description: String
}

extension Kernels.Level {
  fileprivate var code: ck_level {
    switch self {
    case .scalar: ck_level_scalar
    case .baseline: ck_level_baseline
    case .fma256: ck_level_fma256
    case .fma512: ck_level_fma512
    }
  }
}

/// `count` rounded up to whole panels of 16.
@inline(__always)
package func paddedToLanes(_ count: Int) -> Int { (count + 15) & ~15 }

/// The stride of activation rows of `count` floats: a panel more than needed, so that rows do not share cache sets.
@inline(__always)
package func rowStride(_ count: Int) -> Int { paddedToLanes(count) + 16 }
