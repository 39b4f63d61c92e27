"""Where the public's pages are; included at the root of the server's addresses."""

from __future__ import annotations

from django.urls import path, re_path

from safeconduct.web.public.download import figure
from safeconduct.web.public.passage import passage
from safeconduct.web.public.passages import passages
from safeconduct.web.public.record import entry, policy, receipt, record
from safeconduct.web.public.status import status
from safeconduct.web.public.style import icon, style

app_name = "public"
urlpatterns = [
    path("", status, name="status"),
    re_path(r"^figures/(?P<name>[a-z-]{1,32})\.(?P<form>csv|json)$", figure, name="figure"),
    path("passages/", passages, name="passages"),
    re_path(r"^passages/(?P<psg>[0-9a-f]{32})$", passage, name="passage"),
    path("records/<int:index>", record, name="record"),
    path("records/<int:index>.entry", entry, name="entry"),
    path("records/<int:index>.receipt", receipt, name="receipt"),
    path("policy", policy, name="policy"),
    re_path(r"^style/(?P<version>[0-9a-f]{12})\.css$", style, name="style"),
    path("icon.svg", icon, name="icon"),
]
