import Confinement
import Foundation
import Learning
import Pipelines

/// A version that cannot be put to use.
struct VersionError: Error, CustomStringConvertible {
  let description: String
}

/// Makes a stored checkpoint ready to answer.
struct VersionLoader: Sendable {
  let pipeline: Pipeline

  /// Builds one predictor for each answering thread, off the cooperative pool, and has each predict once, so that the
  /// first request finds everything warm.
  ///
  /// - Throws: `LearningError` for a state of another spec; `VersionError` for one with a parameter that is not a number.
  func load(_ stable: StableVersion, state: [UInt8]) async throws -> LoadedVersion {
    try await onDedicatedThread(named: "load version") {
      let spec = LearnerSpec(pipeline)
      let scorers = try (0..<max(1, pipeline.serving.threads)).map { _ in
        try Predictor(spec: spec, state: state, batchCapacity: min(LoadedVersion.sliceRows, pipeline.serving.rowsMax))
      }
      if let layer = scorers[0].firstNonFiniteParameter() {
        throw VersionError(description: "version \(stable.number) has a non-finite parameter in \(layer)")
      }
      let version = LoadedVersion(number: stable.number, pipeline: pipeline, scorers: scorers)
      version.warmUp()
      return version
    }
  }
}
