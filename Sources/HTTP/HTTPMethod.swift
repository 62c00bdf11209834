import Glibc

/// What is asked of a path.
public enum HTTPMethod: Sendable, Hashable {
  case get, head, post, put, delete, other

  init(_ name: UnsafePointer<CChar>) {
    self =
      if strcmp(name, "GET") == 0 {
        .get
      } else if strcmp(name, "POST") == 0 {
        .post
      } else if strcmp(name, "HEAD") == 0 {
        .head
      } else if strcmp(name, "PUT") == 0 {
        .put
      } else if strcmp(name, "DELETE") == 0 {
        .delete
      } else {
        .other
      }
  }
}
