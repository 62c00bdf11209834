import Cryptography
import Foundation
import Pipelines

/// The files with a server's certificate and its key, which somebody renews from time to time. One task at a time.
struct CertificateFiles {
  /// What a file is known by: whoever writes it anew changes one of these.
  private struct Mark: Equatable {
    var changed: Date?
    var bytes: Int?
    var number: Int?
  }

  private static let bytesMax = 1 << 20

  let certificate: ServerCertificate
  private let paths: ServingCertificate
  private var seen: [Mark]

  /// - Throws: `ServingRefusal`.
  init(_ paths: ServingCertificate) throws {
    self.paths = paths
    seen = Self.marks(of: paths)
    do {
      certificate = try ServerCertificate(
        certificate: Self.read(paths.certificate, "certificate"), key: Self.read(paths.key, "key"))
    } catch let error as CertificateFailure {
      throw ServingRefusal("serving.tls (\(paths.certificate), \(paths.key)): \(error)")
    }
  }

  /// Takes up files that have changed since they were looked at last. A pair that does not fit is looked at again when one
  /// of the two changes: they are written one after the other.
  ///
  /// - Returns: Whether the certificate is another one now.
  /// - Throws: `ServingRefusal`: it is still the one before.
  mutating func look() throws -> Bool {
    let now = Self.marks(of: paths)
    guard now != seen else { return false }
    seen = now
    do {
      try certificate.replace(
        certificate: Self.read(paths.certificate, "certificate"), key: Self.read(paths.key, "key"))
    } catch let error as CertificateFailure {
      throw ServingRefusal("serving.tls (\(paths.certificate), \(paths.key)): \(error)")
    }
    return true
  }

  private static func marks(of paths: ServingCertificate) -> [Mark] {
    [paths.certificate, paths.key].map { path in
      let facts = try? FileManager.default.attributesOfItem(atPath: URL(filePath: path).resolvingSymlinksInPath().path)
      return Mark(
        changed: facts?[.modificationDate] as? Date, bytes: (facts?[.size] as? NSNumber)?.intValue,
        number: (facts?[.systemFileNumber] as? NSNumber)?.intValue)
    }
  }

  private static func read(_ path: String, _ what: String) throws -> [UInt8] {
    let bytes: Data
    do { bytes = try Data(contentsOf: URL(filePath: path)) } catch {
      throw ServingRefusal("serving.tls.\(what): \(path) cannot be read: \(error.localizedDescription)")
    }
    guard bytes.count <= bytesMax else {
      throw ServingRefusal("serving.tls.\(what): \(path) is larger than \(bytesMax) bytes: is it a PEM file?")
    }
    return Array(bytes)
  }
}
