"""Windows: how many, how long, how much and how well, in event time.

    dimension      what a series is about: a tool, a model, a release of a workflow …
    measure        what is measured, and the integer unit it is kept in
    digest         t-digests: compress, merge, quantiles
    pane           counts, sums and digests of one dimension over one span of event time
    codec          panes and partials as bytes
    contributions  what events, and closed tasks, add to panes
    dimensions     which dimensions they count for
    cardinality    a cap on the values of each label; the rest counts as `other`
    watermark      how far event time has come in a source partition
    open_panes     the panes of a partition that can still change, and their cells
    partial        a pane of one source partition, as it is published
    partition      all of it for one source partition: a batch of events in, changes out
    history        the partials of all partitions, merged and rolled up
    stats          statistics of a window, as they are published

Pure functions of events, state and the times they are handed.
"""
