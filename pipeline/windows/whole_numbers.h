/* Whole numbers from 0 to 2^64 - 1 in Python's arrays, each as narrow as its numbers allow: equal
 * numbers are then in equal arrays.
 */

#ifndef SLUICE_WHOLE_NUMBERS_H
#define SLUICE_WHOLE_NUMBERS_H

#include <Python.h>
#include <stdint.h>

static PyObject *array_type;

/* Look for Python's arrays, once at import; -1 with an error set where there are none. */
static int
find_array_type(void)
{
    PyObject *module = PyImport_ImportModule("array");
    if (module == NULL) {
        return -1;
    }
    array_type = PyObject_GetAttrString(module, "array");
    Py_DECREF(module);
    return array_type == NULL ? -1 : 0;
}

/* Look into an array of numbers that are not negative; -1 with an error set for anything else. */
static int
view_of(PyObject *array, Py_buffer *view)
{
    if (PyObject_GetBuffer(array, view, PyBUF_ND | PyBUF_FORMAT) < 0) {
        return -1;
    }
    const char *type = view->format;
    if (view->ndim != 1 || type == NULL || type[0] == 0 || type[1] != 0 ||
        strchr("BHILQ", type[0]) == NULL) {
        PyBuffer_Release(view);
        PyErr_SetString(PyExc_TypeError, "no array of numbers that are not negative");
        return -1;
    }
    return 0;
}

static inline uint64_t
number_at(const Py_buffer *view, Py_ssize_t i)
{
    switch (view->itemsize) {
    case 1:
        return ((const uint8_t *)view->buf)[i];
    case 2:
        return ((const uint16_t *)view->buf)[i];
    case 4:
        return ((const uint32_t *)view->buf)[i];
    default:
        return ((const uint64_t *)view->buf)[i];
    }
}

/* Return `count` numbers, each `step` behind the one before, as the narrowest array that takes
 * `largest`. */
static PyObject *
as_array(const uint64_t *from, size_t step, size_t count, uint64_t largest)
{
    const size_t width = largest <= UINT8_MAX    ? 1
                         : largest <= UINT16_MAX ? 2
                         : largest <= UINT32_MAX ? 4
                                                 : 8;
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(count * width));
    if (bytes == NULL) {
        return NULL;
    }
    void *to = PyBytes_AS_STRING(bytes);
    for (size_t i = 0; i < count; i++, from += step) {
        switch (width) {
        case 1:
            ((uint8_t *)to)[i] = (uint8_t)*from;
            break;
        case 2:
            ((uint16_t *)to)[i] = (uint16_t)*from;
            break;
        case 4:
            ((uint32_t *)to)[i] = (uint32_t)*from;
            break;
        default:
            ((uint64_t *)to)[i] = *from;
        }
    }
    const char *type = width == 1 ? "B" : width == 2 ? "H" : width == 4 ? "I" : "Q";
    return PyObject_CallFunction(array_type, "sN", type, bytes);
}

#endif
