/* The centroids of several digests as those of one: equal means become one, with the sum of their
 * weights.
 *
 * Panes are merged all the time, each by some thousand centroids, and nearly all that the detector
 * did was to look them up in a dictionary and to sort that. Here what ascends is merged as it is.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

#include "pipeline/windows/whole_numbers.h"

#define INTERFACE 2 /* raised with every change of what is handed over or comes back */

typedef struct {
    uint64_t mean, weight;
} Centroid;

/* Where one ascending run of centroids ends and the next begins. */
typedef struct {
    Centroid *centroids, *room; /* as many of each */
    size_t *ends;
    size_t count, runs;
} Gathered;

/* Take the centroids of one digest. `*total` is the weight of all until now. */
static int
take_part(Gathered *gathered, const Py_buffer *means, const Py_buffer *weights, uint64_t *total)
{
    for (Py_ssize_t i = 0; i < means->shape[0]; i++) {
        Centroid *taken = &gathered->centroids[gathered->count];
        taken->mean = number_at(means, i);
        taken->weight = number_at(weights, i);
        if (__builtin_add_overflow(*total, taken->weight, total)) {
            PyErr_SetString(PyExc_OverflowError, "a digest of more than 2^64 values");
            return -1;
        }
        /* whatever does not ascend, as a digest does, is a run of its own */
        if (i == 0 || taken->mean <= taken[-1].mean) {
            gathered->runs++;
        }
        gathered->count++;
        gathered->ends[gathered->runs - 1] = gathered->count;
    }
    return 0;
}

/* Merge two ascending runs; return where the result ends. */
static Centroid *
merge_two(const Centroid *a, const Centroid *a_end, const Centroid *b, const Centroid *b_end,
          Centroid *to)
{
    while (a < a_end && b < b_end) {
        /* without a branch on which is smaller: that cannot be foretold */
        const uint64_t mean_a = a->mean, mean_b = b->mean, weight_b = b->weight;
        *to = *(mean_a <= mean_b ? a : b);
        to->weight += mean_a == mean_b ? weight_b : 0;
        a += mean_a <= mean_b;
        b += mean_b <= mean_a;
        to++;
    }
    memcpy(to, a, (size_t)(a_end - a) * sizeof(Centroid));
    to += a_end - a;
    memcpy(to, b, (size_t)(b_end - b) * sizeof(Centroid));
    return to + (b_end - b);
}

/* Merge neighbouring runs until one is left. */
static void
merge_runs(Gathered *gathered)
{
    while (gathered->runs > 1) {
        const Centroid *from = gathered->centroids;
        Centroid *to = gathered->room;
        size_t begin = 0, left = 0;
        for (size_t run = 0; run < gathered->runs; run += 2) {
            const size_t middle = gathered->ends[run];
            const size_t end = run + 1 < gathered->runs ? gathered->ends[run + 1] : middle;
            to = merge_two(from + begin, from + middle, from + middle, from + end, to);
            begin = end;
            gathered->ends[left++] = (size_t)(to - gathered->room);
        }
        gathered->runs = left;
        gathered->count = (size_t)(to - gathered->room);
        gathered->room = gathered->centroids;
        gathered->centroids = to - gathered->count;
    }
}

/* Return means and weights of what is left, as two arrays. */
static PyObject *
as_arrays(const Gathered *gathered)
{
    const Centroid *centroids = gathered->centroids;
    const size_t count = gathered->count;
    uint64_t heaviest = 0;
    for (size_t i = 0; i < count; i++) {
        heaviest = centroids[i].weight > heaviest ? centroids[i].weight : heaviest;
    }
    const uint64_t largest = count ? centroids[count - 1].mean : 0;
    const size_t step = sizeof(Centroid) / sizeof(uint64_t);
    PyObject *means = as_array(&centroids->mean, step, count, largest);
    PyObject *weights = as_array(&centroids->weight, step, count, heaviest);
    if (means == NULL || weights == NULL) {
        Py_XDECREF(means);
        Py_XDECREF(weights);
        return NULL;
    }
    return Py_BuildValue("(NN)", means, weights);
}

/* Take the centroids of all parts, of which there is a buffer each for means and for weights. */
static PyObject *
merged_views(const Py_buffer *views, Py_ssize_t parts)
{
    size_t count = 0;
    for (Py_ssize_t i = 0; i < parts; i++) {
        count += (size_t)views[2 * i].shape[0];
    }
    Centroid *space = PyMem_New(Centroid, count * 2 + 1);
    size_t *ends = PyMem_New(size_t, count + 1);
    PyObject *result = NULL;
    if (space == NULL || ends == NULL) {
        PyErr_NoMemory();
        goto done;
    }
    Gathered gathered = {space, space + count, ends, 0, 0};
    uint64_t total = 0;
    for (Py_ssize_t i = 0; i < parts; i++) {
        if (take_part(&gathered, &views[2 * i], &views[2 * i + 1], &total) < 0) {
            goto done;
        }
    }
    merge_runs(&gathered);
    result = as_arrays(&gathered);
done:
    PyMem_Free(space);
    PyMem_Free(ends);
    return result;
}

static PyObject *
merged(PyObject *Py_UNUSED(module), PyObject *parts)
{
    if (!PyList_Check(parts)) {
        PyErr_SetString(PyExc_TypeError, "parts are a list");
        return NULL;
    }
    const Py_ssize_t count = PyList_GET_SIZE(parts);
    Py_buffer *views = PyMem_New(Py_buffer, (size_t)count * 2 + 1);
    if (views == NULL) {
        return PyErr_NoMemory();
    }
    PyObject *result = NULL;
    Py_ssize_t taken = 0;
    for (; taken < 2 * count; taken++) {
        PyObject *part = PyList_GET_ITEM(parts, taken / 2);
        if (!PyTuple_Check(part) || PyTuple_GET_SIZE(part) != 2) {
            PyErr_SetString(PyExc_ValueError, "a part is means and weights");
            goto done;
        }
        if (view_of(PyTuple_GET_ITEM(part, taken % 2), &views[taken]) < 0) {
            goto done;
        }
        if (taken % 2 && views[taken].shape[0] != views[taken - 1].shape[0]) {
            taken++;
            PyErr_SetString(PyExc_ValueError, "a part is as many means as weights");
            goto done;
        }
    }
    result = merged_views(views, count);
done:
    while (taken > 0) {
        PyBuffer_Release(&views[--taken]);
    }
    PyMem_Free(views);
    return result;
}

static PyMethodDef centroids_methods[] = {
    {"merged", merged, METH_O, "Merge the centroids of several digests."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef centroids_module = {
    PyModuleDef_HEAD_INIT, .m_name = "centroids", .m_doc = "Centroids of digests, merged.",
    .m_size = -1,            .m_methods = centroids_methods,
};

PyMODINIT_FUNC
PyInit_centroids(void)
{
    PyObject *module = find_array_type() < 0 ? NULL : PyModule_Create(&centroids_module);
    if (module == NULL || PyModule_AddIntConstant(module, "INTERFACE", INTERFACE) < 0) {
        Py_XDECREF(module);
        return NULL;
    }
    return module;
}
