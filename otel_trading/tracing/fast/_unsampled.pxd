# The fields of an unsampled span, for the compiler alone: `calls` is compiled by itself and fills them.

cdef class UnsampledSpan:
    cdef object __weakref__
    cdef object _context
    cdef UnsampledSpan _root
    cdef double _drawn

cpdef object trace_id_of(double drawn)
