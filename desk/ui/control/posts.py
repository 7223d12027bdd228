"""Joins the page of posts and services with what the files and the claim profile say."""

from __future__ import annotations

from PySide6.QtCore import QObject

from desk.counter import posts_view
from desk.counter.posts_view import PostsAndServices
from desk.trouble import Trouble
from desk.ui.control.desk import Desk
from desk.ui.lanes import Lane
from desk.ui.navigation import Place
from desk.ui.pages.posts import PostsPage, PostsView


class PostsControl(QObject):
    def __init__(self, desk: Desk, page: PostsPage) -> None:
        super().__init__(desk)
        self._desk, self._page = desk, page
        self._found: PostsAndServices | None = None
        self._trouble: Trouble | None = None
        self._minute = -1
        page.look_again.connect(self.look)
        desk.ticked.connect(self._tick)

    def enter(self) -> None:
        self._desk.show_place(Place.POSTS, self._page)
        self.render()
        self.look()

    def look(self) -> None:
        station = self._desk.station
        self._minute = station.now().minute
        self._desk.work(Lane.RECORDS, lambda: posts_view.look(station), self._seen, self._failed)

    def _seen(self, found: PostsAndServices) -> None:
        self._found, self._trouble = found, None
        self.render()

    def _failed(self, trouble: Trouble) -> None:
        self._trouble = trouble
        self.render()

    def _tick(self) -> None:
        """The posts' clocks go on."""
        desk = self._desk
        if desk.place is Place.POSTS and desk.is_open and desk.station.now().minute != self._minute:
            self.look()

    def render(self) -> None:
        desk = self._desk
        if desk.place is not Place.POSTS:
            return
        trouble = desk.spoken(self._trouble) if self._trouble else None
        self._page.render(PostsView(desk.here(), self._found, trouble))
