"""A list view that streams its rows."""

from __future__ import annotations

from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, ClassVar

from asgiref.sync import sync_to_async

from tailrace.drf._stream import stream

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase
    from rest_framework.generics import GenericAPIView

    from tailrace._options import Options

    _Base = GenericAPIView[Any]
else:
    _Base = object


class StreamMixin(_Base):
    """Before the bases of a list view or a viewset: `class Orders(StreamMixin, ListAPIView)`.

    What is not paginated goes out row by row, each through the view's serializer, in every format that the renderers
    have. A page is what it is without this class; in a format of records its rows are the records, and its links
    are in a Link field. `stream_options` are those of `stream`, such as `delivery` and `filename`.

    Views of REST framework, of adrf and of restflow, sync and async.
    """

    stream_options: ClassVar[Options] = {}

    def list(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """The rows that the filters leave."""
        # restflow's async views have this name for both.
        if iscoroutinefunction(getattr(super(), "list", None)):
            return self.alist(request, *args, **kwargs)
        view: Any = self
        queryset = view.filter_queryset(view.get_queryset())
        _choose_paginator(view)
        page = view.paginate_queryset(queryset)
        if page is None:
            return self._streamed(queryset)
        return view.get_paginated_response(self._serializer(page).data)

    async def alist(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """The same in an async view, by adrf's name for it."""
        del request, args, kwargs
        view: Any = self
        queryset = await view.afilter_queryset(view.get_queryset())
        _choose_paginator(view)
        page = await view.apaginate_queryset(queryset)
        if page is None:
            return self._streamed(queryset)
        serializer = self._serializer(page)
        data = await (serializer.adata if hasattr(serializer, "adata") else sync_to_async(_data)(serializer))
        if hasattr(view, "get_apaginated_response"):
            return await view.get_apaginated_response(data)
        return view.get_paginated_response(data)

    def _streamed(self, rows: Any) -> HttpResponseBase:
        return stream(self.request, rows, serializer=self._serializer(rows), **self.stream_options)

    def _serializer(self, rows: Any) -> Any:
        view: Any = self
        both = hasattr(view, "get_response_serializer_class")  # restflow has one for each direction
        return view.get_serializer(rows, many=True, **({"direction": "response"} if both else {}))


# drf-spectacular makes the docstring of a view's next base the public description of a view that has none.
for _documented in (StreamMixin, StreamMixin.list, StreamMixin.alist):
    _documented.__doc__ = None


def _data(serializer: Any) -> Any:
    return serializer.data


def _choose_paginator(view: Any) -> None:
    """Of restflow's views, whose actions may have paginators of their own."""
    if hasattr(view, "get_pagination_class"):
        kind = view.get_pagination_class()
        view._paginator = None if kind is None else kind()  # noqa: SLF001 - REST framework keeps it there
